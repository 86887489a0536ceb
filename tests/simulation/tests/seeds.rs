//! Some seeds. `simulate` plays more of them.

use jobqueue_simulation::{MUTANTS, Mutant, Options, Plan, play, shrink};

/// How many jobs a run has.
const JOBS: usize = 40;

/// How many seeds are played: `JOBQUEUE_SIMULATION_SEEDS` of them, if that is set.
fn seeds() -> u64 {
    let number = std::env::var("JOBQUEUE_SIMULATION_SEEDS").ok();
    number.and_then(|number| number.parse().ok()).unwrap_or(60)
}

#[test]
fn nothing_is_wrong_whatever_breaks() {
    for seed in 0..seeds() {
        let outcome = play(&Plan::of(seed, JOBS), Options::default());
        let found: Vec<String> = outcome.findings.iter().map(ToString::to_string).collect();
        assert!(
            found.is_empty(),
            "simulate --jobs {JOBS} --seeds {seed}..{} shows how: {found:#?}",
            seed + 1
        );
    }
}

#[test]
fn a_seed_plays_the_same_way_each_time() {
    for seed in 0..6 {
        let plan = Plan::of(seed, JOBS);
        let [one, other] =
            [false, true].map(|readable| play(&plan, Options { readable, mutant: None }));
        assert_eq!(
            (one.trace, one.events, one.time),
            (other.trace, other.events, other.time),
            "{seed}"
        );
    }
    let [one, other] = [0, 1].map(|seed| play(&Plan::of(seed, JOBS), Options::default()));
    assert_ne!(one.trace, other.trace, "another seed is another run");
}

/// Found by one seed in hundreds: `simulate --mutant call-twice` plays as many.
const RARELY_FOUND: &str = "call-twice";

fn found(mutant: &'static Mutant) -> Option<Plan> {
    let options = Options { readable: false, mutant: Some(mutant) };
    let plans = (0..200).map(|seed| Plan::of(seed, JOBS));
    plans.into_iter().find(|plan| !play(plan, options).findings.is_empty())
}

#[test]
fn every_bug_that_is_put_in_is_found() {
    for mutant in MUTANTS.iter().filter(|mutant| mutant.name != RARELY_FOUND) {
        assert!(found(mutant).is_some(), "{}", mutant.name);
    }
}

#[test]
fn a_plan_that_fails_is_made_smaller() {
    let mutant = Mutant::named("key-stays").expect("there is one");
    let options = Options { readable: false, mutant: Some(mutant) };
    let plan = found(mutant).expect("it is found");
    let smaller = shrink(&plan, options, 100);
    assert!(smaller.jobs() < 6, "{} of {} jobs are left", smaller.jobs(), plan.jobs());
    assert!(!play(&smaller, options).findings.is_empty(), "it still fails");
}

#[test]
fn every_change_of_a_bug_fits_a_script() {
    for mutant in MUTANTS {
        let altered = jobqueue::internals::scripts();
        let altered = altered.iter().filter_map(|script| mutant.alter(script.source));
        assert!(altered.count() > 0, "{}", mutant.name);
        for (from, _) in mutant.changes() {
            let scripts = jobqueue::internals::scripts();
            assert!(scripts.iter().any(|script| script.source.contains(from)), "{from}");
        }
    }
}
