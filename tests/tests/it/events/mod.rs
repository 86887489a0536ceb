//! Events of a queue, of a worker, and waiting for results.

mod shared;

use jobqueue::{
    DurationExt, Failure, JobId,
    event::{EventId, EventKind},
    job,
    telemetry::WorkerEvent,
};
use jobqueue_tests::{
    server::RedisServer,
    wait::{at_once, eventually},
};

use crate::support::{Running, client, client_of, next_now, worker};

#[job(queue = "told", attempts = 2, backoff = fixed("1ms"))]
async fn fail_if(fails: bool) -> Result<u8, Failure> {
    if fails { Err(Failure::retry("asked to")) } else { Ok(1) }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_job_come_in_order_and_can_be_replayed() {
    let client = client().await;
    let queue = client.queue("told").expect("a name");
    let job = client.add(fail_if, true).await.expect("added");
    let running = Running::start(worker(&client).handler(fail_if));
    job.result().await.expect_err("it fails");
    queue.create().await.expect("there");
    queue.pause().await.expect("paused");
    queue.resume().await.expect("resumed");

    let mut events = queue.events_after(&EventId::beginning());
    let mut told = Vec::new();
    let mut places = Vec::new();
    while told.last() != Some(&EventKind::Resumed) {
        let event = events.next().await.expect("endless").expect("readable");
        let about: &[JobId] = &event.jobs;
        assert!(about.is_empty() || *about == [job.id().clone()], "{event:?}");
        told.push(event.kind);
        places.push(event.id);
    }
    use EventKind::{Active, Added, Failed, Paused, Resumed, Retrying, Waiting};
    assert_eq!(told, [Added, Active, Retrying, Waiting, Active, Failed, Paused, Resumed]);

    // From a place that was written down as text.
    let place: EventId = places[5].to_string().parse().expect("a place");
    let event = queue.events_after(&place).next().await.expect("endless").expect("readable");
    assert_eq!(event.kind, Paused);
    assert!("nonsense".parse::<EventId>().is_err());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_from_now_on() {
    let client = client().await;
    let queue = client.queue("told").expect("a name");
    client.add(fail_if, false).await.expect("added");
    let mut events = queue.events();
    let next = tokio::spawn(async move { events.next().await.expect("endless") });
    // Pauses are sent until one is seen: the first ones may come before the stream is open.
    eventually("an event", async || {
        queue.create().await.expect("there");
        queue.pause().await.expect("paused");
        queue.resume().await.expect("resumed");
        next.is_finished()
    })
    .await;
    let event = next.await.expect("no panic").expect("readable");
    assert!(matches!(event.kind, EventKind::Paused | EventKind::Resumed), "{event:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_wait_for_many_results_and_nobody_polls() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let jobs = client.add_all(fail_if, vec![false; 300]).await.expect("added");
    let mut waiting = tokio::task::JoinSet::new();
    for job in jobs {
        for job in [job.clone(), job] {
            waiting.spawn(async move { job.result().await });
        }
    }
    let queue = client.queue("told").expect("a name");
    // Each looks once, then listens, then looks once more, so as to miss nothing in between.
    eventually("the waiters", async || server.script_calls() >= 1_200).await;
    let before = server.script_calls();
    tokio::time::sleep(300.millis()).await;
    assert!(server.script_calls() - before < 5, "nobody looks while nothing happens");

    let running = Running::start(worker(&client).handler(fail_if));
    for result in waiting.join_all().await {
        assert_eq!(result.expect("a result"), 1);
    }
    assert_eq!(queue.counts().await.expect("counts").completed, 300);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_found_without_events_too() {
    let client = client().await;
    let queue = client.queue("told").expect("a name");
    queue.set_limits().events(0).await.expect("set");
    let job = client.add(fail_if, false).await.expect("added");
    let running = Running::start(worker(&client).handler(fail_if));
    at_once("the run", async || queue.counts().await.expect("counts").completed == 1).await;
    assert_eq!(job.result().await.expect("a result"), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_removed_job_ends_with_gone() {
    let client = client().await;
    let job = client.add(fail_if, false).delay(1.hours()).await.expect("added");
    let waiting = tokio::spawn({
        let job = job.clone();
        async move { job.result().await }
    });
    tokio::time::sleep(50.millis()).await;
    job.remove().await.expect("removed");
    let result = waiting.await.expect("no panic");
    assert!(matches!(result, Err(jobqueue::error::ResultError::Gone { .. })), "{result:?}");
}

/// Their events go with the queue.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_jobs_of_a_queue_that_is_removed_ends_with_gone() {
    let client = client().await;
    let jobs = client.add_all(fail_if, vec![false; 20]).delay(1.hours()).await.expect("added");
    let mut waiting = tokio::task::JoinSet::new();
    for job in jobs {
        waiting.spawn(async move { job.result().await });
    }
    tokio::time::sleep(100.millis()).await;
    client.queue("told").expect("a name").obliterate().await.expect("removed");
    let all = tokio::time::timeout(5.seconds(), waiting.join_all()).await.expect("in time");
    for result in all {
        let gone = matches!(result, Err(jobqueue::error::ResultError::Gone { .. }));
        assert!(gone, "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_what_it_does() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(fail_if));
    let mut events = running.handle.events();
    let good = client.add(fail_if, false).await.expect("added");
    good.result().await.expect("a result");
    let bad = client.add(fail_if, true).await.expect("added");
    bad.result().await.expect_err("it fails");
    let mut told = Vec::new();
    while let Some(event) = next_now(&mut events).await {
        told.push(match event {
            WorkerEvent::Started { attempt, .. } => format!("started {attempt}"),
            WorkerEvent::Completed { id, .. } => format!("completed {}", id == *good.id()),
            WorkerEvent::Retrying { failure, .. } => format!("retrying {}", failure.message),
            WorkerEvent::Failed { failure, .. } => format!("failed {}", failure.attempt),
            WorkerEvent::Recovered { .. } => continue,
            other => format!("{other:?}"),
        });
    }
    let expected =
        ["started 1", "completed true", "started 1", "retrying asked to", "started 2", "failed 2"];
    assert_eq!(told, expected);
    running.stop().await;
}
