//! Three months of a business in one test.

use std::time::{Duration, Instant};

use jobqueue::testing;
use jobqueue_tests::subscription::three_months;

#[test]
fn three_months_take_a_moment() {
    let real = Instant::now();
    let runs = testing::run(|app| three_months(app, 20)).expect("three months");
    println!("three months of 20 users, {runs} runs: {:?}", real.elapsed());
    assert_eq!(runs, 19 * 4 + 1 + 3 + 19 * 3 + 1 + 1);
    assert!(real.elapsed() < Duration::from_secs(60));
}
