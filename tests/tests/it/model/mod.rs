//! A queue in memory beside the real one: they agree after every sequence of operations.
//!
//! [`op`] lists the operations; [`play`] applies them to the real scripts ([`bench`]) and to the
//! model ([`queue`], with a file for each of its sides), and compares answers and the whole
//! keyspace after every step. [`invariants`] are read from the keyspace alone, so that the model
//! can't be wrong in the same way. [`wakes`] are the rule by which nobody sleeps past a job.
//!
//! 2,000 sequences run by default, the same in every run; `JOBQUEUE_MODEL_CASES` of them if that is
//! set, and others with another `JOBQUEUE_MODEL_SEED`. A sequence that fails is shrunk and printed,
//! and its seed is put into `tests/regressions/model.txt`, from where it runs first from then on.

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
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner,
};

use self::bench::Bench;
use crate::support::number;

/// Where the seeds of sequences that failed are kept.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions/model.txt");

/// A number that may be set, or what stands for it.
/// Random numbers that are the same for the same seed.
fn random() -> TestRng {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number("JOBQUEUE_MODEL_SEED", 1).to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
}

#[test]
fn the_scripts_agree_with_the_model() {
    // What fails without a statement is no fault of the scripts.
    let persistence = if env::var_os(MUTANT).is_some() {
        FileFailurePersistence::Off
    } else {
        FileFailurePersistence::Direct(REGRESSIONS)
    };
    let config = Config {
        cases: number("JOBQUEUE_MODEL_CASES", 2_000),
        failure_persistence: Some(Box::new(persistence)),
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, random());
    let bench = RefCell::new(Bench::new());
    let result = runner.run(&op::sequences(), |ops| {
        play::play(&mut bench.borrow_mut(), &ops).map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
