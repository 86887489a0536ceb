//! `simulate`: plays seeds, and shows the smallest plan of one that fails.

use std::{process::ExitCode, time::Instant};

use jobqueue_simulation::{Mutant, Options, Plan, play, shrink};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "simulate [--seeds A..B] [--jobs N] [--mutant NAME] [--show] [--keep-going]
  --seeds A..B   the seeds to play, 0..1000 by default
  --jobs N       about how many jobs a run has, 100 by default
  --mutant NAME  with this bug put in; `all` looks for each of them
  --show         prints all that happens, of each seed
  --twice        plays each seed twice, and compares
  --keep-going   doesn't stop at the first seed that fails, and makes none smaller";

struct Arguments {
    seeds: std::ops::Range<u64>,
    jobs: usize,
    mutants: Vec<Option<&'static Mutant>>,
    show: bool,
    twice: bool,
    keep_going: bool,
}

fn parse() -> Option<Arguments> {
    let mut arguments = Arguments {
        seeds: 0..1_000,
        jobs: 100,
        mutants: vec![None],
        show: false,
        twice: false,
        keep_going: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let range = words.next()?;
                let (from, to) = range.split_once("..")?;
                arguments.seeds = from.parse().ok()?..to.parse().ok()?;
            }
            "--jobs" => arguments.jobs = words.next()?.parse().ok()?,
            "--mutant" => {
                let name = words.next()?;
                arguments.mutants = match name.as_str() {
                    "all" => jobqueue_simulation::MUTANTS.iter().map(Some).collect(),
                    name => vec![Some(Mutant::named(name)?)],
                };
            }
            "--show" => arguments.show = true,
            "--twice" => arguments.twice = true,
            "--keep-going" => arguments.keep_going = true,
            _ => return None,
        }
    }
    Some(arguments)
}

#[expect(clippy::print_stdout, reason = "a program")]
fn main() -> ExitCode {
    let Some(arguments) = parse() else {
        println!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let mut well = true;
    for mutant in &arguments.mutants {
        well &= search(&arguments, *mutant);
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether what was looked for is so: no finding, or one if there is a bug to find.
#[expect(clippy::print_stdout, reason = "a program")]
fn search(arguments: &Arguments, mutant: Option<&'static Mutant>) -> bool {
    let options = Options { readable: arguments.show, mutant };
    let (began, mut failed, mut played, mut events) = (Instant::now(), 0_u64, 0_u64, 0);
    let mut time = std::time::Duration::ZERO;
    for seed in arguments.seeds.clone() {
        let plan = Plan::of(seed, arguments.jobs);
        let outcome = play(&plan, options);
        played += 1;
        events += outcome.events;
        time += outcome.time;
        outcome.lines.iter().for_each(|line| println!("{line}"));
        if arguments.twice && play(&plan, options) != outcome {
            println!("seed {seed} isn't the same when it is played again:");
            differ(&plan, options);
            failed += 1;
        }
        if outcome.findings.is_empty() {
            continue;
        }
        failed += 1;
        if let Some(mutant) = mutant {
            println!("{}: found by seed {seed}: {}", mutant.name, outcome.findings[0]);
            return true;
        }
        println!("seed {seed} failed:");
        outcome.findings.iter().take(5).for_each(|finding| println!("  {finding}"));
        if !arguments.keep_going {
            explain(&plan, options);
            break;
        }
    }
    if let Some(mutant) = mutant {
        println!("{}: not found by {played} seeds", mutant.name);
        return false;
    }
    let wall = began.elapsed();
    let minute = played as f64 / wall.as_secs_f64() * 60.0;
    println!(
        "{played} runs of {} jobs, {:.1} h of their time and {events} events, in {:.1} s: \
         {minute:.0} a minute",
        arguments.jobs,
        time.as_secs_f64() / 3_600.0,
        wall.as_secs_f64(),
    );
    println!("{} passed, {failed} failed", played.saturating_sub(failed));
    failed == 0
}

/// Where two runs of one plan part.
#[expect(clippy::print_stdout, reason = "a program")]
fn differ(plan: &Plan, options: Options) {
    let options = Options { readable: true, ..options };
    let [one, other] = [play(plan, options), play(plan, options)].map(|outcome| outcome.lines);
    let parts = one.iter().zip(&other).position(|(one, other)| one != other);
    if let Some(at) = parts {
        one[at.saturating_sub(3)..at].iter().for_each(|line| println!("  {line}"));
        println!("- {}\n+ {}", one[at], other[at]);
    }
}

#[expect(clippy::print_stdout, reason = "a program")]
fn explain(plan: &Plan, options: Options) {
    let smaller = shrink(plan, options, 600);
    let outcome = play(&smaller, Options { readable: true, ..options });
    println!("the smallest plan that still fails:\n{smaller:#?}");
    outcome.lines.iter().for_each(|line| println!("{line}"));
    outcome.findings.iter().for_each(|finding| println!("  {finding}"));
}
