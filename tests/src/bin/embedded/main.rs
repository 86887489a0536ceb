//! `./dev prove embedded`: what the embedded server keeps, and how fast it is, played end to end. A
//! line and a figure each, and a count at the end.
//!
//! `embedded [NAME…]` plays those alone whose names contain one of these texts.

mod cuts;
mod four;
mod kills;
mod recovery;
mod speed;
mod sums;

use std::{env, process::ExitCode};

use jobqueue_tests::report::{Played, Report};

const PLAYS: [&str; 5] = ["cuts", "kills", "four", "recovery", "speed"];

async fn play(name: &str, report: &mut Report) -> Played {
    match name {
        "cuts" => cuts::play(report).await,
        "kills" => kills::play(report).await,
        "four" => four::play(report).await,
        "recovery" => recovery::play(report).await,
        "speed" => speed::play(report).await,
        _ => Err(format!("there is no play {name}").into()),
    }
}

/// A number of a play, that `JOBQUEUE_EMBEDDED_<NAME>` may set to another.
fn number(name: &str, usual: usize) -> usize {
    let set = env::var(format!("JOBQUEUE_EMBEDDED_{name}")).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::main]
async fn main() -> ExitCode {
    let asked: Vec<String> = env::args().skip(1).collect();
    let chosen = |name: &&&str| asked.is_empty() || asked.iter().any(|text| name.contains(text));
    let mut report = Report::default();
    for name in PLAYS.iter().filter(chosen) {
        report.begin(name);
        if let Err(error) = play(name, &mut report).await {
            report.check("it plays to its end", error, "no error", false);
        }
    }
    report.close()
}
