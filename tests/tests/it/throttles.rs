//! What holds back the jobs of a queue, and lifting it.

use std::time::Duration;

use jobqueue::{DurationExt, Error, Failure, Rate, State, error::Refused, job};
use jobqueue_tests::{shared, wait::eventually};

use crate::support::{Count, Running, client_of, worker};

#[job(queue = "calls")]
async fn call(_n: u32, allowed: State<Count>) -> Result<(), Failure> {
    if allowed.get() == 0 { Err(Failure::rate_limited(1.hours(), "slower")) } else { Ok(()) }
}

async fn a_throttle_by_mistake(url: &str) {
    let client = client_of(url).await;
    let queue = client.queue("calls").expect("a good name");
    let error = queue.lift_throttle().await.expect_err("there is no such queue");
    assert!(matches!(error, Error::Refused(Refused::NoSuchQueue { .. })), "{error}");
    let allowed = Count::default();
    let job = client.add(call, 1).await.expect("added");
    assert!(!queue.throttles().await.expect("read").holds_all());
    let running = Running::start(worker(&client).state(allowed.clone()).handler(call));
    eventually("the throttle", async || {
        queue.throttles().await.expect("read").throttled_until.is_some()
    })
    .await;
    let found = queue.throttles().await.expect("read");
    let left = found.throttled_until.expect("it is throttled") - found.at;
    assert!(left > chrono::TimeDelta::minutes(59) && found.holds_all(), "{found:?}");
    assert!(found.throttled_since.expect("known") <= found.at && found.waiting == 1, "{found:?}");

    allowed.up();
    assert!(queue.lift_throttle().await.expect("lifted"));
    let ended = tokio::time::timeout(Duration::from_secs(3), job.result()).await;
    ended.expect("it runs at once, and not when a worker happens to look").expect("run");
    assert!(!queue.lift_throttle().await.expect("there is none"));
    assert!(!queue.throttles().await.expect("read").holds_all());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn is_seen_and_lifted() {
    a_throttle_by_mistake(shared::url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn is_seen_and_lifted_on_the_engine() {
    a_throttle_by_mistake("embedded:").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_and_a_limit_say_how_far_they_are() {
    let client = client_of(shared::url()).await;
    let queue = client.queue("calls").expect("a good name");
    queue.set_limits().rate(Rate::new(1, 1.hours())).max_active(2).await.expect("set");
    let found = queue.throttles().await.expect("read");
    assert!(!found.holds_all() && found.next_start_at.is_none(), "{found:?}");
    let allowed = Count::default();
    allowed.up();
    let running = Running::start(worker(&client).state(allowed).handler(call));
    let first = client.add(call, 1).await.expect("added");
    client.add(call, 2).await.expect("added");
    first.result().await.expect("run");
    let found = queue.throttles().await.expect("read");
    let next = found.next_start_at.expect("the rate is used up") - found.at;
    assert!(next > chrono::TimeDelta::minutes(59) && found.holds_all(), "{found:?}");
    assert_eq!((found.active, found.max_active, found.waiting), (0, Some(2), 1));
    queue.set_limits().rate(None).await.expect("cleared");
    assert!(!queue.throttles().await.expect("read").holds_all());
    queue.pause().await.expect("paused");
    assert!(queue.throttles().await.expect("read").paused);
    running.stop().await;
}
