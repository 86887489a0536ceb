//! Jobs that run at most once: settled first, then run.

use std::{sync::Arc, time::Duration};

use jobqueue::{
    Context, DurationExt as _, Failure, Retain, State,
    error::CallError,
    handler::{Definition, Handler, Job},
    job,
    retry::Breaker,
    telemetry::WorkerEvent,
};
use jobqueue_tests::wait::{at_once, eventually};
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, next_now, worker};

#[job(queue = "alarms", at_most_once)]
async fn ring(number: u32, rung: State<Count>, ctx: Context) -> Result<u32, Failure> {
    rung.up();
    assert!(ctx.is_last_attempt());
    ctx.progress(&number).await?;
    ctx.log("rung").await?;
    match number {
        0 => Err(Failure::retry("the bell is broken")),
        1 => panic!("the bell fell down"),
        2 => Err(Failure::rate_limited(Duration::from_secs(60), "enough")),
        number => Ok(number),
    }
}

/// Rings for as long as it is let.
#[job(queue = "bells", at_most_once)]
async fn toll(_: (), gate: State<Arc<Semaphore>>, rung: State<Count>) {
    rung.up();
    gate.acquire().await.expect("it is never closed").forget();
    rung.down();
}

#[tokio::test]
async fn a_failed_run_is_not_retried() {
    let client = client().await;
    let rung = Count::default();
    let running = Running::start(worker(&client).handler(ring).state(rung.clone()));
    let mut events = running.handle.events();
    client.add_all(ring, 0..20).await.expect("added");
    let alarms = client.queue("alarms").expect("a good name");
    at_once("all to run", async || rung.get() == 20).await;
    running.stop().await;
    let counts = alarms.counts().await.expect("counted");
    let left = counts.waiting + counts.delayed + counts.active + counts.completed + counts.failed;
    assert_eq!((left, rung.get()), (0, 20), "each once, and nothing is kept");
    let mut failed = 0;
    while let Some(event) = next_now(&mut events).await {
        failed += u32::from(matches!(event, WorkerEvent::Failed { .. }));
    }
    assert_eq!(failed, 3, "the worker says so");
}

#[tokio::test]
async fn callers_get_replies_and_failures_all_the_same() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ring).state(Count::default()));
    assert_eq!(client.call(ring, 7).await.expect("a reply"), 7);
    let failed = client.call(ring, 1).await;
    assert!(matches!(failed, Err(CallError::Failed { .. })), "{failed:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_run_takes_a_slot_and_no_lease_and_a_shutdown_waits_for_it() {
    let client = client().await;
    let (gate, rung) = (Arc::new(Semaphore::new(0)), Count::default());
    let builder = worker(&client)
        .handler(toll)
        .state(gate.clone())
        .state(rung.clone())
        .concurrency(3)
        .prefetch(2)
        .lease(300.millis());
    let running = Running::start(builder);
    client.add_all(toll, (0..8).map(|_| ())).await.expect("added");
    at_once("three to run", async || rung.get() == 3).await;
    let bells = client.queue("bells").expect("a good name");
    // Far beyond the lease nothing has become of them, and no more than fit have begun.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let counts = bells.counts().await.expect("counted");
    assert_eq!((rung.get(), counts.active), (3, 2), "what is fetched ahead is held");
    let stopping = tokio::spawn(running.stop_within(Duration::from_secs(20)));
    eventually("the rest to go back", async || {
        let counts = bells.counts().await.expect("counted");
        counts.waiting == 5 && counts.active == 0
    })
    .await;
    assert!(!stopping.is_finished(), "it waits for its runs");
    gate.add_permits(3);
    stopping.await.expect("stopped");
    assert_eq!(rung.get(), 0);
}

#[tokio::test]
async fn a_shutdown_ends_what_takes_too_long() {
    let client = client().await;
    let (gate, rung) = (Arc::new(Semaphore::new(0)), Count::default());
    let builder = worker(&client).handler(toll).state(gate).state(rung.clone());
    let running = Running::start(builder);
    client.add(toll, ()).await.expect("added");
    at_once("it to run", async || rung.get() == 1).await;
    running.stop_within(Duration::from_millis(10)).await;
    let bells = client.queue("bells").expect("a good name");
    let counts = bells.counts().await.expect("counted");
    assert_eq!(counts.waiting + counts.delayed + counts.active, 0, "it isn't run again");
}

/// A handler whose definition is written by hand, with a setting that could do nothing.
macro_rules! by_hand {
    ($name:ident, $definition:expr) => {
        struct $name;

        impl Job for $name {
            type Payload = u32;
            type Output = ();
            const DEFINITION: Definition = $definition;
        }

        impl Handler for $name {
            async fn call(_: u32, _: Context) -> Result<(), Failure> {
                Ok(())
            }
        }
    };
}

const ONCE: Definition = Definition::new("alarms", "ring").at_most_once();

by_hand!(Sound, ONCE.concurrency(1).timeout(Duration::from_secs(1)));
by_hand!(Again, ONCE.attempts(5));
by_hand!(Kept, ONCE.retain_failed(Retain::count(5)));
by_hand!(Buried, ONCE.dead_letter("dead"));
by_hand!(Broken, ONCE.breaker(Breaker::after(5)));

#[tokio::test]
async fn settings_that_could_do_nothing_for_it_are_refused_when_the_worker_is_built() {
    let client = client().await;
    worker(&client).handler(Sound).build().expect("a sound worker");
    for (builder, what) in [
        (worker(&client).handler(Again), "a number of attempts"),
        (worker(&client).handler(Kept), "a retention"),
        (worker(&client).handler(Buried), "a dead-letter queue"),
        (worker(&client).handler(Broken), "a breaker"),
    ] {
        let refused = builder.build().expect_err("it is refused").to_string();
        assert!(refused.contains(&format!("runs at most once and has {what}")), "{refused}");
    }
}
