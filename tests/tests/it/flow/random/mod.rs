//! Random graphs, played on the real scripts by a relay and queues in memory: whatever fails, is
//! cancelled or arrives twice, and in whatever order, each node ends once, and as the rules say.
//!
//! [`shape`] makes the graphs; [`bench`] calls the scripts; [`play`] is everything outside of them:
//! who relays, which jobs run, how they end. [`rules`] say of the facts that are left which nodes may
//! have run, failed or been dropped, and how the flow ends, and [`again`] what of it runs when it is
//! tried again; they know nothing of how the scripts find that out.
//!
//! As many graphs as `JOBQUEUE_MODEL_CASES` says, and others with another `JOBQUEUE_MODEL_SEED`.

mod again;
mod bench;
mod facts;
mod play;
mod rules;
mod shape;

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::support::number;

#[test]
fn random_graphs_end_as_the_rules_say() {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number("JOBQUEUE_MODEL_SEED", 1).to_le_bytes());
    let config = Config {
        cases: number("JOBQUEUE_MODEL_CASES", 400),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let bench = RefCell::new(bench::Bench::new());
    let result = TestRunner::new_with_rng(config, random).run(&shape::flows(), |flow| {
        play::play(&mut bench.borrow_mut(), &flow).map_err(TestCaseError::fail)
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
