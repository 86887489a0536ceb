//! A queue in memory beside the real one: they agree after every sequence of operations.
//!
//! [`op`] lists the operations; [`play`] applies them to the real scripts ([`bench`]) and to the
//! model ([`queue`], with a file for each of its sides), and compares answers and the whole
//! keyspace after every step. [`invariants`] are read from the keyspace alone, so that the model
//! can't be wrong in the same way. [`wakes`] are the rule by which nobody sleeps past a job.
//!
//! 2,000 sequences run by default, `JOBQUEUE_MODEL_CASES` of them if that is set. A sequence that
//! fails is shrunk and printed, and its seed is put into `tests/regressions/model.txt`, from where
//! it runs first from then on.

mod add;
mod bench;
mod cancel;
mod control;
mod hand;
mod invariants;
mod keyspace;
mod known;
mod lanes;
mod meet;
mod op;
mod play;
mod queue;
mod rate;
mod reply;
mod request;
mod settle;
mod turn;
mod view;
mod wakes;
mod work;
mod workers;

use std::{cell::RefCell, env};

use jobqueue_tests::scripts::MUTANT;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use self::bench::Bench;

/// Where the seeds of sequences that failed are kept.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions/model.txt");

/// How many sequences run.
fn cases() -> u32 {
    let set = env::var("JOBQUEUE_MODEL_CASES").ok();
    set.map_or(2_000, |cases| cases.parse().expect("JOBQUEUE_MODEL_CASES is a number"))
}

#[test]
fn the_scripts_agree_with_the_model() {
    // What fails without a statement is no fault of the scripts.
    let persistence = if env::var_os(MUTANT).is_some() {
        FileFailurePersistence::Off
    } else {
        FileFailurePersistence::Direct(REGRESSIONS)
    };
    let mut runner = TestRunner::new(Config {
        cases: cases(),
        failure_persistence: Some(Box::new(persistence)),
        max_shrink_iters: 20_000,
        ..Config::default()
    });
    let bench = RefCell::new(Bench::new());
    let result = runner.run(&op::sequences(), |ops| {
        play::play(&mut bench.borrow_mut(), &ops).map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
