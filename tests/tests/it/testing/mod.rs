//! The kit for tests of whole systems: a server in the process, and a time that stands still.

mod bounds;
mod faults;
mod long;
mod messages;
mod modes;
mod perform;
mod real;
mod rests;
mod snapshots;
mod subscription;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobState, State, job,
    testing::{self, TestQueue, assert_enqueued, refute_enqueued},
    types::{DateTime, Utc},
};

use crate::support::Count;

#[job(queue = "orders")]
pub(super) async fn place_order(order: u64, client: State<Client>) -> Result<(), Error> {
    client.0.add(remind, order).delay(2.days()).await?;
    Ok(())
}

#[job(queue = "reminders")]
pub(super) async fn remind(order: u64, reminded: State<Count>) -> u64 {
    reminded.up();
    order
}

pub(super) fn shop(app: TestQueue) -> (TestQueue, Count) {
    let (client, reminded) = (app.client().clone(), Count::default());
    let app = app.handler(place_order).handler(remind).state(client).state(reminded.clone());
    (app, reminded)
}

#[jobqueue::test]
async fn nothing_runs_until_it_is_told_and_then_at_its_time(app: TestQueue) -> Result<(), Error> {
    let ((app, reminded), real) = (shop(app), Instant::now());
    let begun = app.now();
    app.client().add(place_order, 7).await?;
    assert_enqueued!(app, place_order, |order| *order == 7, due_in = Duration::ZERO);
    refute_enqueued!(app, remind);
    app.run_until_idle().await?;
    refute_enqueued!(app, place_order);
    assert_enqueued!(app, remind, |order| *order == 7, due_in = 2.days());
    refute_enqueued!(app, remind, |order| *order == 8);
    assert_eq!(app.now(), begun, "time stands still");

    let jobs = app.enqueued(remind).await?;
    assert_eq!((jobs.len(), jobs[0].payload), (1, 7));
    app.advance(2.days() - 1.millis()).await?;
    assert_eq!(reminded.get(), 0);
    app.advance(1.millis()).await?;
    assert_eq!(reminded.get(), 1);
    assert_eq!(app.now(), begun + 2.days());
    let job = app.client().queue("reminders")?.job(jobs[0].id.clone());
    let info = job.info().await?;
    assert_eq!((info.state, info.finished_at), (JobState::Completed, Some(app.now())));
    assert!(real.elapsed() < 1.minutes());
    Ok(())
}

#[job(queue = "gateway", attempts = 4, backoff = exponential("1m", max = "1h"))]
pub(super) async fn pay(_: (), ctx: Context, tries: State<Tries>) -> Result<(), Failure> {
    tries.0.note(ctx.attempt());
    if ctx.attempt() < 4 { Err(Failure::retry("busy")) } else { Ok(()) }
}

/// When each attempt ran.
#[derive(Clone, Default)]
pub(super) struct Tries(std::sync::Arc<std::sync::Mutex<BTreeMap<u32, tokio::time::Instant>>>);

impl Tries {
    fn note(&self, attempt: u32) {
        let mut tries = self.0.lock().expect("no panic");
        tries.insert(attempt, tokio::time::Instant::now());
    }

    /// After how many whole minutes each followed the one before.
    fn minutes(&self) -> Vec<u64> {
        let tries = self.0.lock().expect("no panic");
        let times: Vec<_> = tries.values().collect();
        times.windows(2).map(|pair| (*pair[1] - *pair[0]).as_secs() / 60).collect()
    }
}

#[jobqueue::test]
async fn retries_wait_for_their_backoff(app: TestQueue) -> Result<(), Error> {
    let tries = Tries::default();
    let app = app.handler(pay).state(tries.clone());
    let job = app.client().add(pay, ()).await?;
    app.run_until_idle().await?;
    assert_eq!(tries.minutes(), [0; 0], "one attempt");
    assert_enqueued!(app, pay);
    app.advance(1.days()).await?;
    assert_eq!(job.state().await?, Some(JobState::Completed));
    let minutes = tries.minutes();
    // With a jitter of a tenth.
    assert!(minutes.len() == 3 && minutes.is_sorted(), "{minutes:?}");
    Ok(())
}

#[job(queue = "slow")]
pub(super) async fn sleep(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// A lease is much shorter: heartbeats follow the test's time.
#[jobqueue::test]
async fn a_run_that_sleeps_moves_the_time(app: TestQueue) -> Result<(), Error> {
    let (app, real) = (app.handler(sleep), Instant::now());
    let begun = app.now();
    let job = app.client().add(sleep, 600).await?;
    app.run_until_idle().await?;
    let info = job.info().await?;
    assert_eq!((info.state, info.stalls), (JobState::Completed, 0));
    let took = (app.now() - begun).to_std().expect("it goes on");
    assert!((600..602).contains(&took.as_secs()), "{took:?}");
    assert!(real.elapsed() < Duration::from_secs(60));
    Ok(())
}

#[job(queue = "counts", blocking)]
#[expect(clippy::needless_pass_by_value, reason = "state comes by value")]
fn count(_: (), reminded: State<Count>) {
    reminded.up();
}

#[jobqueue::test]
async fn handlers_may_block(app: TestQueue) -> Result<(), Error> {
    let (counted, begun) = (Count::default(), app.now());
    let app = app.handler(count).state(counted.clone());
    app.client().add_all(count, (0..100).map(|_| ())).await?;
    app.run_until_idle().await?;
    assert_eq!((counted.get(), app.now()), (100, begun));
    Ok(())
}

#[job(queue = "rounds")]
async fn round(number: u64, client: State<Client>) -> Result<(), Error> {
    client.0.add(round, number + 1).delay(1.minutes()).await?;
    Ok(())
}

#[jobqueue::test]
async fn what_falls_due_on_the_way_runs_in_its_order(app: TestQueue) -> Result<(), Error> {
    let client = app.client().clone();
    let app = app.handler(round).state(client);
    app.client().add(round, 0).await?;
    app.advance(1.hours()).await?;
    let jobs = app.enqueued(round).await?;
    let numbers: Vec<u64> = jobs.iter().map(|job| job.payload).collect();
    assert_eq!(numbers, [61], "one a minute, the first and the last included");
    Ok(())
}

#[jobqueue::test]
async fn jobs_without_an_end_are_said(app: TestQueue) {
    let app = app.handler(sleep).worker(|worker| worker.queue_concurrency(1));
    app.client().add_all(sleep, (0..100).map(|_| 60)).await.expect("added");
    let error = app.run_until_idle().await.expect_err("100 minutes");
    let expected = "jobs of queue slow are left after an hour of the test's time: do they add each \
                    other for ever, or does a limit or a long run hold them? Then let \
                    time go on with `advance`";
    assert_eq!(error.to_string(), expected);
}

#[jobqueue::test]
async fn a_paused_queue_is_idle(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    let reminders = app.client().queue("reminders")?;
    reminders.create().await?;
    reminders.pause().await?;
    app.client().add(remind, 1).await?;
    app.advance(1.hours()).await?;
    assert_eq!(reminded.get(), 0);
    reminders.resume().await?;
    app.run_until_idle().await?;
    assert_eq!(reminded.get(), 1);
    Ok(())
}

#[job(queue = "cards", attempts = 1, dead_letter = "cards-failed")]
pub(super) async fn charge(_: u64) -> Result<(), Failure> {
    Err(Failure::permanent("card declined"))
}

#[jobqueue::test]
async fn dead_letters_arrive(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(charge);
    app.client().add(charge, 1).await?;
    app.run_until_idle().await?;
    let counts = app.client().queue("cards-failed")?.counts().await?;
    assert_eq!(counts.waiting, 1);
    Ok(())
}

#[jobqueue::test]
async fn jobs_expire_at_their_time(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    app.client().queue("reminders")?.create().await?;
    app.client().queue("reminders")?.pause().await?;
    let job = app.client().add(remind, 1).ttl(1.hours()).await?;
    app.advance(59.minutes()).await?;
    assert_eq!(job.state().await?, Some(JobState::Waiting));
    app.advance(1.minutes()).await?;
    assert_eq!((job.state().await?, reminded.get()), (Some(JobState::Failed), 0));
    Ok(())
}

#[test]
fn what_is_missing_is_said() {
    let text = |expected: fn(&u64) -> bool| {
        let test = async move |app: TestQueue| {
            app.client().add(remind, 7).await.expect("added");
            assert_enqueued!(app, remind, expected, due_in = 1.days());
        };
        let failed = std::panic::catch_unwind(|| testing::run(test)).expect_err("none is there");
        failed.downcast_ref::<String>().cloned().expect("a text")
    };
    let text = text(|order| *order == 8);
    let (first, second) = text.split_once('\n').expect("two lines");
    let expected = "no job of remind that waits or is delayed is with such a payload and due in \
                    86400s; there are:";
    assert_eq!(first, expected);
    assert!(second.ends_with("due in 0ns: 7"), "{second}");
}

/// Each has a server, a time and a thread of its own.
#[test]
fn a_thousand_tests_run_side_by_side() {
    let one = async |app: TestQueue| {
        let (app, reminded) = shop(app);
        app.client().add(place_order, 1).await.expect("added");
        app.advance(3.days()).await.expect("all ran");
        reminded.get()
    };
    let ran: usize = std::thread::scope(|scope| {
        let threads =
            (0..20).map(|_| scope.spawn(move || (0..50).map(|_| testing::run(one)).sum::<usize>()));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(ran, 1_000);
}

/// The thread has the system's time again.
#[test]
fn the_time_of_a_test_ends_with_it() {
    let during: DateTime<Utc> = testing::run(async |app: TestQueue| app.now());
    let id = jobqueue::JobId::generate();
    assert!(during < Utc::now() && id.as_str() > "01", "{during} {id}");
}
