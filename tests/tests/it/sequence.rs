//! One job at a time: see [`sequence`].

use std::time::Duration;

use jobqueue_tests::{sequence, server::RedisServer};

/// Below the time after which workers look by themselves, which would hide a lost wake-up.
const MOST: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn no_job_waits_for_a_worker_that_sleeps() {
    let (server, seed) = (RedisServer::start(), fastrand::u64(..));
    let played = sequence::play(&server.url(), 400, seed, MOST).await;
    let waits = played.expect("no error");
    assert!(waits.too_long.is_empty(), "seed {seed}: {waits}");
    assert!(waits.left_out().is_empty(), "seed {seed}: {:?}", waits.left_out());
}
