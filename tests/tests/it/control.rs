//! Steering a queue and its jobs.

use std::{collections::BTreeSet, time::Duration};

use jobqueue::{
    Client, DurationExt, Error, Failure, JobHandle, JobState, Queue, Retain, State, error::Refused,
    job, telemetry::WorkerEvent,
};
use jobqueue_tests::{
    leftovers::keys_that_stay,
    wait::{at_once, eventually},
};

use crate::support::{Count, Running, blocking, client, client_and_base, ids, next_now, worker};

#[job(queue = "work")]
async fn work(_n: u32) {}

/// Fails until the switch is turned.
#[job(queue = "work", attempts = 1)]
async fn flaky(_n: u32, healthy: State<Count>) -> Result<u32, Failure> {
    if healthy.get() == 0 { Err(Failure::retry("not healthy")) } else { Ok(1) }
}

fn queue(client: &Client) -> Queue {
    client.queue("work").expect("a good name")
}

async fn state<T>(job: &JobHandle<T>) -> Option<JobState> {
    job.state().await.expect("a state")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_gives_no_jobs() {
    let client = client().await;
    let queue = queue(&client);
    for refused in [queue.pause().await, queue.resume().await] {
        let error = refused.expect_err("there is no such queue");
        assert!(matches!(error, Error::Refused(Refused::NoSuchQueue { .. })), "{error}");
        assert!(error.to_string().contains("queue work"), "{error}");
    }
    assert!(!queue.exists().await.expect("looked"), "asking to pause it made none");
    queue.create().await.expect("made");
    queue.create().await.expect("there already");
    assert!(queue.exists().await.expect("looked"));
    assert!(queue.pause().await.expect("paused"));
    assert!(!queue.pause().await.expect("already"));
    let running = Running::start(worker(&client).handler(work));
    let job = client.add(work, 1).await.expect("added");
    eventually("the worker", async || queue.counts().await.expect("counts").workers == 1).await;
    let waits = tokio::time::timeout(Duration::from_millis(200), job.result()).await;
    assert!(waits.is_err(), "{waits:?}");
    assert!(queue.counts().await.expect("counts").paused);
    assert!(queue.resume().await.expect("resumed"));
    job.result().await.expect("run");
    assert!(!queue.resume().await.expect("already"));
    running.stop().await;
}

#[tokio::test]
async fn promote_makes_a_delayed_job_ready() {
    let client = client().await;
    let job = client.add(work, 1).delay(1.hours()).await.expect("added");
    job.promote().await.expect("promoted");
    assert_eq!(state(&job).await, Some(JobState::Waiting));
    let error = job.promote().await.expect_err("not delayed any more");
    let Error::Refused(Refused::WrongState { operation, state, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!((operation.job(), state), (Some(job.id()), JobState::Waiting));
    let missing = "missing".parse().expect("an id");
    let error = queue(&client).job(&missing).promote().await.expect_err("no such job");
    assert!(matches!(error, Error::Refused(Refused::NotFound { .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_jobs_run_again_one_or_all() {
    let (client, healthy) = (client().await, Count::default());
    let builder = || worker(&client).handler(flaky).state(healthy.clone());
    let running = Running::start(builder());
    let jobs = client.add_all(flaky, 0..25).await.expect("added");
    let queue = queue(&client);
    eventually("failures", async || queue.counts().await.expect("counts").failed == 25).await;
    healthy.up();
    jobs[3].retry().await.expect("retried");
    assert_eq!(jobs[3].result().await.expect("healthy"), 1);
    assert_eq!(queue.retry_failed().await.expect("retried"), 24);
    for job in &jobs {
        job.result().await.expect("healthy");
    }
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.failed, counts.completed), (0, 25));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn remove_takes_a_job_in_any_state_but_active() {
    let client = client().await;
    let queue = queue(&client);
    let waiting = client.add(work, 1).await.expect("added");
    let delayed = client.add(work, 2).delay(1.hours()).await.expect("added");
    for job in [&waiting, &delayed] {
        job.remove().await.expect("removed");
        assert_eq!(state(job).await, None);
        let again = job.remove().await.expect_err("gone");
        assert!(matches!(again, Error::Refused(Refused::NotFound { .. })), "{again}");
    }
    let running = Running::start(worker(&client).handler(work));
    let done = client.add(work, 3).await.expect("added");
    done.result().await.expect("run");
    done.remove().await.expect("removed");
    running.stop().await;
    assert_eq!(queue.counts().await.expect("counts").completed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_job_can_not_be_removed_nor_its_queue() {
    #[job(queue = "work")]
    async fn long(_: (), go: State<Count>) {
        while go.get() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let (client, go) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(long).state(go.clone()));
    let job = client.add(long, ()).await.expect("added");
    at_once("the run", async || state(&job).await == Some(JobState::Active)).await;
    let queue = queue(&client);
    let error = job.remove().await.expect_err("active");
    let Error::Refused(Refused::WrongState { operation, state, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!((operation.job(), *state), (Some(job.id()), JobState::Active));
    let error = queue.obliterate().await.expect_err("active");
    assert!(matches!(error, Error::Refused(Refused::Busy { active: 1, .. })), "{error}");
    go.up();
    job.result().await.expect("run");
    running.stop().await;
}

#[tokio::test]
async fn priority_and_delay_can_be_changed() {
    let client = client().await;
    let queue = queue(&client);
    let jobs = client.add_all(work, 0..3).await.expect("added");
    jobs[2].set_priority(-5).await.expect("changed");
    jobs[0].set_priority(5).await.expect("changed");
    let order: Vec<_> = queue.jobs(JobState::Waiting).ids(0, 9).await.expect("ids");
    let order: Vec<_> = order.iter().map(ToString::to_string).collect();
    let all = ids(&jobs);
    assert_eq!(order, [all[2].clone(), all[1].clone(), all[0].clone()]);
    jobs[2].set_priority(0).await.expect("changed");
    jobs[0].set_priority(0).await.expect("changed");
    let order = queue.jobs(JobState::Waiting).ids(0, 9).await.expect("ids");
    assert_eq!(order.iter().map(ToString::to_string).collect::<Vec<_>>(), all, "as before");

    let delayed = client.add(work, 9).delay(1.hours()).await.expect("added");
    delayed.set_delay(2.hours()).await.expect("changed");
    let due = delayed.info().await.expect("there").due_at.expect("due");
    assert!((due - chrono::Utc::now()).num_minutes() > 100);
    delayed.set_due(due + Duration::from_secs(60)).await.expect("changed");
    let error = jobs[0].set_delay(1.hours()).await.expect_err("it isn't delayed");
    assert!(matches!(error, Error::Refused(Refused::WrongState { .. })), "{error}");
}

#[tokio::test]
async fn drain_empties_what_waits() {
    let client = client().await;
    let queue = queue(&client);
    client.add_all(work, 0..2_100).await.expect("added");
    client.add_all(work, 0..5).delay(1.hours()).await.expect("added");
    assert_eq!(queue.drain().await.expect("drained"), 2_100);
    assert_eq!(queue.counts().await.expect("counts").delayed, 5);
    assert_eq!(queue.drain().with_delayed().await.expect("drained"), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_by_count_and_cleaning_by_age() {
    let client = client().await;
    let queue = queue(&client);
    let running = Running::start(worker(&client).handler(work).retain(Retain::count(10)));
    let jobs = client.add_all(work, 0..60).await.expect("added");
    eventually("the runs", async || queue.counts().await.expect("counts").total_completed == 60)
        .await;
    assert_eq!(queue.counts().await.expect("counts").completed, 10);
    running.stop().await;
    let kept = queue.jobs(JobState::Completed).newest_first().page(0, 100).await.expect("a page");
    assert_eq!(kept.len(), 10);
    assert!(kept.iter().all(|info| jobs.iter().any(|job| *job.id() == info.id)));
    assert_eq!(queue.clean(JobState::Completed, 1.hours()).await.expect("cleaned"), 0);
    assert_eq!(queue.clean(JobState::Completed, Duration::ZERO).await.expect("cleaned"), 10);
    assert!(queue.clean(JobState::Waiting, Duration::ZERO).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn obliterate_leaves_nothing_that_stays() {
    let ((client, base), healthy) = (client_and_base("work").await, Count::default());
    let queue = queue(&client);
    let running = Running::start(worker(&client).handler(flaky).handler(work).state(healthy));
    client.add_all(flaky, 0..30).await.expect("added");
    client.add(work, 1).delay(1.hours()).unique("k").await.expect("added");
    eventually("failures", async || queue.counts().await.expect("counts").failed == 30).await;
    running.stop().await;
    queue.obliterate().await.expect("gone");
    let mut redis = blocking(jobqueue_tests::shared::url());
    let left = keys_that_stay(&mut redis, &(base.replace(['{', '}'], "?") + "*"));
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn pages_go_through_a_state() {
    let client = client().await;
    let jobs = client.add_all(work, 0..250).await.expect("added");
    let pages = queue(&client).jobs(JobState::Waiting);
    let mut seen = Vec::new();
    for offset in (0..300).step_by(120) {
        seen.extend(pages.page(offset, 120).await.expect("a page"));
    }
    let seen: Vec<String> = seen.iter().map(|info| info.id.to_string()).collect();
    assert_eq!(seen, ids(&jobs));
    let last = pages.clone().newest_first().ids(0, 1).await.expect("ids");
    assert_eq!(Some(last[0].to_string()), ids(&jobs).pop());
}

/// Those that ran, and those that had not begun.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_tells_of_each_job_that_it_gives_back() {
    #[job(queue = "work", attempts = 1)]
    async fn endless(_n: u32, begun: State<Count>) {
        begun.up();
        std::future::pending::<()>().await;
    }
    let (client, begun) = (client().await, Count::default());
    let builder = worker(&client).handler(endless).state(begun.clone());
    let running = Running::start(builder.concurrency(1).prefetch(2));
    let jobs = client.add_all(endless, 0..3).await.expect("added");
    at_once("the run", async || begun.get() == 1).await;
    for job in &jobs {
        at_once("it to be fetched", async || state(job).await == Some(JobState::Active)).await;
    }
    let mut events = running.handle.events();
    running.stop_within(Duration::ZERO).await;
    let mut released = BTreeSet::new();
    while let Some(event) = next_now(&mut events).await {
        if let WorkerEvent::Released { id } = event {
            assert!(released.insert(id.to_string()), "told once");
        }
    }
    assert_eq!(released, ids(&jobs).into_iter().collect());
}
