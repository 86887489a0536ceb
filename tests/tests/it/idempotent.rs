//! Effects that happen once: repeated deliveries, two at the same time, crashes in the middle.

use std::{sync::Arc, time::Duration};

use jobqueue::{
    Client, Context, Failure, JobHandle, State,
    error::{FailureReason, ResultError},
    job,
    once::OnceError,
    telemetry::WorkerEvent,
};
use jobqueue_tests::{
    shared,
    wait::{at_once, eventually},
};
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, client_and_base, raw, worker};

/// Lets effects end, one for each permit.
type Gate = Arc<Semaphore>;

#[job(queue = "orders", attempts = 1, idempotent)]
async fn process(order: u32, runs: State<Count>) -> Result<String, Failure> {
    Ok(format!("receipt {} for order {order}", runs.up()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_delivery_gets_the_recorded_result() {
    let client = client().await;
    let runs = Count::default();
    let running = Running::start(worker(&client).handler(process).state(runs.clone()));
    for _ in 0..3 {
        let job = client.add(process, 7).id("order-7");
        let job = job.await.expect("added");
        assert_eq!(job.result().await.expect("it completes"), "receipt 0 for order 7");
        job.remove().await.expect("removed");
    }
    let other = client.add(process, 8).await.expect("added");
    assert_eq!(other.result().await.expect("it completes"), "receipt 1 for order 8");
    assert_eq!(runs.get(), 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_retried_by_hand_runs_only_if_it_is_asked_for() {
    let client = client().await;
    let runs = Count::default();
    let running = Running::start(worker(&client).handler(process).state(runs.clone()));
    let job = client.add(process, 7).await.expect("added");
    assert_eq!(job.result().await.expect("it completes"), "receipt 0 for order 7");
    job.retry().await.expect("it waits again");
    assert_eq!(job.result().await.expect("it completes"), "receipt 0 for order 7");
    eventually("it to have ended", async || job.retry().anew().await.is_ok()).await;
    assert_eq!(job.result().await.expect("it completes"), "receipt 1 for order 7");
    assert_eq!(runs.get(), 2);
    running.stop().await;
}

/// The key, and how long the run waits for another.
#[job(queue = "orders", attempts = 1)]
async fn charge(
    (key, wait): (String, u64),
    ctx: Context,
    runs: State<Count>,
    gate: State<Gate>,
) -> Result<usize, Failure> {
    let effect = async {
        let run = runs.up();
        gate.acquire().await?.forget();
        Ok::<_, Failure>(run)
    };
    ctx.once(key, effect).wait(Duration::from_secs(wait)).await
}

async fn charging(client: &Client, wait: u64) -> JobHandle<usize> {
    client.add(charge, ("k".to_owned(), wait)).await.expect("added")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_the_same_time_one_runs_and_the_other_waits() {
    let (client, runs, gate) = (client().await, Count::default(), Gate::new(Semaphore::new(0)));
    let builder = worker(&client).handler(charge).state(runs.clone()).state(gate.clone());
    let running = Running::start(builder);
    let mut events = running.handle.events();
    let jobs = [charging(&client, 600).await, charging(&client, 600).await];
    for _ in 0..2 {
        while !matches!(events.next().await, Some(WorkerEvent::Started { .. })) {}
    }
    gate.add_permits(1);
    for job in &jobs {
        assert_eq!(job.result().await.expect("it completes"), 0);
    }
    assert_eq!(runs.get(), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claimed_job_goes_back_and_costs_no_attempt() {
    let (client, runs, gate) = (client().await, Count::default(), Gate::new(Semaphore::new(0)));
    let builder = worker(&client).handler(charge).state(runs.clone()).state(gate.clone());
    let running = Running::start(builder);
    let first = charging(&client, 0).await;
    at_once("the effect", async || (runs.get() == 1).then_some(())).await;
    let mut events = running.handle.events();
    let second = charging(&client, 0).await;
    let back = loop {
        if let WorkerEvent::Released { id } = events.next().await.expect("it is told") {
            break id;
        }
    };
    assert_eq!(back, *second.id());
    let info = second.info().await.expect("it is there");
    assert_eq!(info.attempts_made, 0);
    gate.add_permits(1);
    second.promote().await.ok();
    for job in [first, second] {
        assert_eq!(job.result().await.expect("it completes"), 0);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_in_the_middle_the_next_one_runs() {
    let (client, base) = client_and_base("orders").await;
    let mut raw = raw(shared::url()).await;
    let key = format!("{base}once:key:k");
    let mut claim = redis::cmd("SET");
    claim.arg(&key).arg("?the dead one's").arg("PX").arg(700);
    let () = claim.query_async(&mut raw).await.expect("set");
    let (runs, gate) = (Count::default(), Gate::new(Semaphore::new(1)));
    let running = Running::start(worker(&client).handler(charge).state(runs.clone()).state(gate));
    let job = charging(&client, 600).await;
    assert_eq!(job.result().await.expect("it completes"), 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_kept_for_as_long_as_its_effect_runs() {
    let (client, base) = client_and_base("orders").await;
    let mut raw = raw(shared::url()).await;
    let (runs, gate) = (Count::default(), Gate::new(Semaphore::new(0)));
    let builder = worker(&client).handler(charge).state(runs.clone()).state(gate.clone());
    let running = Running::start(builder);
    let job = charging(&client, 0).await;
    at_once("the effect", async || (runs.get() == 1).then_some(())).await;
    let key = format!("{base}once:key:k");
    let mut shorten = redis::cmd("PEXPIRE");
    let () = shorten.arg(&key).arg(6_000).query_async(&mut raw).await.expect("there");
    eventually("the claim is moved on", async || {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.expect("asked");
        (left > 6_000).then_some(())
    })
    .await;
    gate.add_permits(1);
    assert_eq!(job.result().await.expect("it completes"), 0);
    let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut raw).await.expect("asked");
    assert!(left > 80_000_000, "for a day: {left}");
    running.stop().await;
}

#[derive(Debug, thiserror::Error, jobqueue::JobError)]
#[job(retry)]
enum Flaky {
    #[error("not yet")]
    NotYet,
    #[error(transparent)]
    Once(#[from] OnceError),
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_panics_are_not_recorded_and_free_the_key() {
    #[job(attempts = 4, backoff = fixed("1ms"))]
    async fn flaky(_: (), ctx: Context, runs: State<Count>) -> Result<u32, Flaky> {
        let effect = async {
            match runs.up() {
                0 => Err(Flaky::NotYet),
                1 => panic!("in the middle"),
                _ => Ok(ctx.attempt()),
            }
        };
        ctx.once(ctx.id(), effect).wait(Duration::from_secs(600)).await
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(flaky).state(Count::default()));
    let job = client.add(flaky, ()).await.expect("added");
    assert_eq!(job.result().await.expect("the third attempt"), 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_kept_for_its_lifetime() {
    #[job(queue = "orders")]
    async fn brief(_: (), ctx: Context, runs: State<Count>) -> anyhow::Result<usize> {
        ctx.once("brief", async { anyhow::Ok(runs.up()) })
            .lifetime(Duration::from_millis(300))
            .await
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(brief).state(Count::default()));
    eventually("a second run", async || {
        let job = client.add(brief, ()).await.expect("added");
        (job.result().await.expect("it completes") == 1).then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_keys_and_results_that_are_too_large() {
    #[job]
    async fn odd(key: String, ctx: Context) -> Result<Vec<u8>, OnceError> {
        let effect = async { Ok::<_, OnceError>(vec![255; 1 << 20]) };
        ctx.once(key, effect).await
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(odd));
    for (key, what) in [
        (String::new(), "idempotency key"),
        ("a\nb".to_owned(), "idempotency key"),
        ("ü".repeat(129), "idempotency key"),
        ("large".to_owned(), "is the limit: store the data elsewhere"),
    ] {
        let job = client.add(odd, key).await.expect("added");
        let Err(ResultError::Failed { failure, .. }) = job.result().await else {
            panic!("it fails")
        };
        assert_eq!(failure.reason, FailureReason::Permanent);
        assert!(failure.message.contains(what), "{}", failure.message);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_and_an_effect_within_have_keys_apart() {
    #[job(idempotent = "1h", attempts = 1)]
    async fn both(_: (), ctx: Context) -> Result<u8, Failure> {
        ctx.once(ctx.id(), async { Ok(1) }).wait(Duration::ZERO).await
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(both));
    let job = client.add(both, ()).await.expect("added");
    assert_eq!(job.result().await.expect("it completes"), 1);
    running.stop().await;
}
