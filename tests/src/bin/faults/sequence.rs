//! One job at a time, through pauses, delays, receives by hand, workers that stop, limits, names
//! that a worker doesn't know and topics: no job waits for a worker that sleeps.

use std::{env, time::Duration};

use jobqueue_tests::{sequence, server::RedisServer};

use super::report::{Played, Report};

/// On a machine that does nothing else.
const MOST: Duration = Duration::from_millis(300);

pub(crate) async fn play(report: &mut Report) -> Played {
    let long = env::var("JOBQUEUE_LONG").is_ok_and(|value| value == "1");
    let (rounds, seed) = (if long { 10_000 } else { 500 }, fastrand::u64(..));
    let server = RedisServer::start();
    let waits = sequence::play(&server.url(), rounds, seed, MOST).await?;
    let figure = format!("{:?} ({waits})", waits.longest());
    let what = format!("the longest wait of {rounds} rounds, seed {seed}");
    report.check(&what, figure, "at most 300 ms", waits.too_long.is_empty());
    Ok(())
}
