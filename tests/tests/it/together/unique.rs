//! Unique keys together with other features.

use std::sync::{Arc, Mutex};

use chrono::DateTime;
use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobHandle, JobId, JobState, Queue, State,
    Unique,
    dead_letter::{DeadLetter, DeadLetters},
    error::{FailureReason, Refused},
    find::JobFilter,
    job,
    manage::Overflow,
    receive::Delivery,
    testing::TestQueue,
    unique::Added,
};
use jobqueue_tests::wait::at_once;
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, worker};

#[job(queue = "docs")]
async fn index(n: u32, ctx: Context) -> Result<u32, Failure> {
    // Only the first of them naps.
    if n == 1 { Err(Failure::snooze(1.hours(), format!("{}", ctx.snoozes()))) } else { Ok(n) }
}

#[job(queue = "docs", at_most_once)]
async fn once(_: u32, ctx: Context, runs: State<Count>) {
    runs.up();
    ctx.cancelled().await;
}

fn docs(client: &Client) -> Queue {
    client.queue("docs").expect("a good name")
}

async fn delayed<T>(job: &JobHandle<T>) {
    at_once("it comes back", async || job.state().await.expect("asked") == Some(JobState::Delayed))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snoozed_job_keeps_its_key_and_is_replaced() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(index));
    let key = || Unique::by("k").keep_last();
    let first = client.add(index, 1).unique(key()).await.expect("added");
    delayed(&first).await;
    assert_eq!(first.info().await.expect("there").snoozes, 1);
    let kept = client.add(index, 2).unique("k").await.expect("asked");
    assert_eq!(kept.added(), &Added::Existed);
    let second = client.add(index, 3).unique(key()).await.expect("asked");
    assert_eq!((second.added(), second.id()), (&Added::Replaced, first.id()));
    assert_eq!(first.info().await.expect("there").snoozes, 0, "what is replaced begins anew");
    first.promote().await.expect("now");
    assert_eq!(first.result().await.expect("run"), 3);
    let after = client.add(index, 4).unique(key()).await.expect("asked");
    assert_eq!(after.added(), &Added::New);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_runs_at_most_once_frees_its_key_when_it_begins() {
    let (client, runs) = (client().await, Count::default());
    let first = client.add(once, 1).unique("k").await.expect("added");
    assert!(client.add(once, 2).unique("k").await.expect("asked").existed(), "it waits");
    let running = Running::start(worker(&client).handler(once).state(runs.clone()));
    at_once("it runs", async || runs.get() == 1).await;
    let second = client.add(once, 2).unique("k").await.expect("asked");
    assert_eq!(second.added(), &Added::New);
    assert_ne!(second.id(), first.id());
    running.stop_within(std::time::Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_no_worker_knows_is_replaced_and_then_known() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(index));
    let key = || Unique::by("k").replace();
    let newer = docs(&client).add("index", &9).version(7).unique(key()).await.expect("added");
    delayed(&newer).await;
    let known = client.add(index, 5).unique(key()).await.expect("asked");
    assert_eq!(known.added(), &Added::Replaced);
    known.promote().await.expect("now");
    assert_eq!(known.result().await.expect("run"), 5);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_out_by_hand_has_its_key_until_it_is_acknowledged() {
    let client = client().await;
    let queue = docs(&client);
    let first = client.add(index, 2).unique("k").await.expect("added");
    let delivery = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
    let after = client.add(index, 3).unique(Unique::by("k").keep_last()).await.expect("asked");
    assert_eq!(after.added(), &Added::After(first.id().clone()));
    assert!(queue.receive(1, 100.millis()).await.expect("asked").is_empty(), "it stands in line");
    delivery.fail(Failure::snooze(1.millis(), "not yet")).await.expect("settled");
    let again = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
    assert_eq!(again.id(), first.id(), "a snooze is no end");
    again.complete().await.expect("settled");
    let last = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
    assert_eq!(last.id(), after.id());
    last.complete().await.expect("settled");
}

#[tokio::test]
async fn what_an_overflow_drops_frees_its_key() {
    let client = client().await;
    docs(&client).set_limits().max_length(1).overflow(Overflow::DropOldest).await.expect("set");
    let a = client.add(index, 2).unique("a").await.expect("added");
    client.add(index, 3).unique("b").await.expect("added");
    assert_eq!(a.state().await.expect("asked"), None, "it was dropped");
    let again = client.add(index, 4).unique("a").await.expect("added");
    assert_eq!(again.added(), &Added::New);
    let same = client.add(index, 5).unique("a").await.expect("asked");
    assert!(same.existed(), "one that isn't added needs no room");
}

#[jobqueue::test]
async fn one_that_expires_frees_its_key_and_lets_the_next_go(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(index);
    let queue = docs(app.client());
    queue.create().await?;
    queue.pause().await?;
    let first = app.client().add(index, 2).unique("k").ttl(1.hours()).await?;
    app.advance(30.minutes()).await?;
    assert!(app.client().add(index, 3).unique("k").await?.existed());
    app.advance(45.minutes()).await?;
    let failed = first.info().await?.outcome;
    assert!(
        matches!(failed, Some(jobqueue::Outcome::Failed(it)) if it.reason == FailureReason::Expired)
    );
    assert_eq!(app.client().add(index, 4).unique("k").await?.added(), &Added::New);
    Ok(())
}

/// A job of this key that has failed for good, and the dead letters.
async fn dead(client: &Client, unique: Unique) -> (JobHandle<u32>, DeadLetters) {
    let queue = docs(client);
    queue.set_limits().dead_letter("docs-dlq").await.expect("set");
    let job = client.add(index, 2).unique(unique).at(DateTime::UNIX_EPOCH).await.expect("added");
    take(&queue).await.fail(Failure::permanent("no")).await.expect("settled");
    let dead = client.dead_letters("docs-dlq").expect("a good name");
    dead.wait_for(1).await.expect("it arrives");
    (job, dead)
}

async fn take(queue: &Queue) -> Delivery {
    queue.receive(1, 30.seconds()).await.expect("asked").pop().expect("one waits")
}

/// Nothing is sent back while this job has the key.
async fn assert_stays(dead: &DeadLetters, holder: &JobId) {
    let seen = Mutex::new(Vec::new());
    let kept = |_: &JobId, _: &DeadLetter, other: &JobId| {
        seen.lock().expect("no panic").push(other.clone());
    };
    assert_eq!(dead.redrive().on_kept(kept).await.expect("asked"), 0);
    assert_eq!(seen.into_inner().expect("no panic"), std::slice::from_ref(holder));
    let report = dead.find(JobFilter::new()).redrive().await.expect("asked");
    let [(_, Refused::KeyHeld { holder: other, .. })] = &report.refusals[..] else {
        panic!("{report:?}")
    };
    assert_eq!((other, report.done), (holder, 0));
}

#[tokio::test]
async fn a_letter_goes_back_when_no_other_has_its_key_by_whichever_rule() {
    for (unique, runs_after, back) in [
        (Unique::by("k"), false, Added::Existed),
        (Unique::by("k").lasting(1.hours()).while_unfinished(), false, Added::Existed),
        (Unique::by("k").replace(), false, Added::Replaced),
        (Unique::by("k").keep_last(), true, Added::Replaced),
        (Unique::by("k").debounce(1.hours()), true, Added::Replaced),
    ] {
        let client = client().await;
        let (queue, (job, dead)) = (docs(&client), dead(&client, unique.clone()).await);
        let add = || client.add(index, 3).unique(unique.clone());
        let other = add().await.expect("added");
        assert_eq!(other.added(), &Added::New, "a letter has no key");
        assert_stays(&dead, other.id()).await;
        // A debounce is delayed.
        let _ = other.promote().await;
        let runs = take(&queue).await;
        assert_stays(&dead, other.id()).await;
        if runs_after {
            let next = add().await.expect("added");
            assert_eq!(next.added(), &Added::After(other.id().clone()));
            runs.complete().await.expect("settled");
            assert_stays(&dead, next.id()).await;
            next.remove().await.expect("removed");
        } else {
            runs.complete().await.expect("settled");
        }
        assert_eq!(dead.redrive().await.expect("sent back"), 1, "{unique:?}");
        let again = add().await.expect("asked");
        assert_eq!((again.added(), again.id()), (&back, job.id()), "{unique:?}");
        take(&queue).await.complete().await.expect("settled");
        assert_eq!(add().await.expect("added").added(), &Added::New);
    }
}

#[tokio::test]
async fn a_key_for_a_time_is_its_own_jobs_also_when_that_comes_back() {
    let client = client().await;
    let throttle = || Unique::by("k").lasting(1.hours());
    let (job, dead) = dead(&client, throttle()).await;
    let add = client.add(index, 3).unique(throttle()).await.expect("asked");
    assert_eq!((add.added(), add.id()), (&Added::Existed, job.id()), "its time isn't over");
    assert_eq!(dead.redrive().await.expect("sent back"), 1);
    assert_eq!(job.state().await.expect("asked"), Some(JobState::Waiting));
}

#[job(queue = "docs")]
async fn held(n: u32, gate: State<Arc<Semaphore>>) -> u32 {
    gate.acquire().await.expect("open").forget();
    n
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_a_worker_has_fetched_ahead_is_not_replaced() {
    let (client, gate) = (client().await, Arc::new(Semaphore::new(0)));
    let start = || {
        let worker = worker(&client).handler(held).state(gate.clone());
        Running::start(worker.concurrency(1).prefetch(2))
    };
    let running = start();
    let first = client.add(held, 1).await.expect("added");
    let replace = |n| client.add(held, n).unique(Unique::by("r").replace());
    let last = |n| client.add(held, n).unique(Unique::by("l").keep_last());
    let ahead = (replace(2).await.expect("added"), last(3).await.expect("added"));
    for job in [&first, &ahead.0, &ahead.1] {
        at_once("it to be fetched", async || {
            job.state().await.expect("asked") == Some(JobState::Active)
        })
        .await;
    }
    // It has begun, as far as its queue knows: the payload isn't taken from under it.
    let replaced = replace(20).await.expect("asked");
    assert_eq!((replaced.added(), replaced.id()), (&Added::Existed, ahead.0.id()));
    let kept = last(30).await.expect("asked");
    assert_eq!(kept.added(), &Added::After(ahead.1.id().clone()));
    // What the worker gives back waits, and is replaced.
    running.stop_within(std::time::Duration::ZERO).await;
    at_once("it to be given back", async || {
        ahead.0.state().await.expect("asked") == Some(JobState::Waiting)
    })
    .await;
    assert_eq!(replace(21).await.expect("asked").added(), &Added::Replaced);
    let newest = last(31).await.expect("asked");
    assert_eq!((newest.added(), newest.id()), (&Added::Replaced, kept.id()), "the one in line");
    let running = start();
    gate.add_permits(9);
    assert_eq!(ahead.0.result().await.expect("run"), 21);
    assert_eq!((ahead.1.result().await.expect("run"), kept.result().await.expect("run")), (3, 31));
    assert_eq!(docs(&client).counts().await.expect("counts").total_completed, 4);
    running.stop().await;
}
