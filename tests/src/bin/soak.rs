//! `./dev soak`: producers, workers and faults at random for some minutes, and then the proof.

use std::{env, process::ExitCode, time::Duration};

use jobqueue_tests::soak::{Plan, soak};

const USAGE: &str = "soak [--minutes N] [--seed N] [--verbose]";

#[tokio::main]
async fn main() -> ExitCode {
    let Some(plan) = plan(env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let proof = soak(plan).await;
    if proof.holds() && proof.standing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plan(mut arguments: impl Iterator<Item = String>) -> Option<Plan> {
    let mut plan = Plan::default();
    while let Some(option) = arguments.next() {
        if option == "--verbose" {
            plan.verbose = true;
            continue;
        }
        let value = arguments.next()?;
        match option.as_str() {
            "--minutes" => {
                let seconds = value.parse::<f64>().ok()? * 60.0;
                plan.time = Duration::try_from_secs_f64(seconds).ok()?;
            }
            "--seed" => plan.seed = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(plan)
}
