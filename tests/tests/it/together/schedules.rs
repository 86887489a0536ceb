//! Schedules together with other features.

use std::time::Duration;

use jobqueue::{
    Context, DurationExt as _, Error, Failure, JobState, Outcome, Queue, Rate, State, Unique,
    error::FailureReason,
    job,
    manage::Overflow,
    schedule::{CatchUp, Every, Overlap, ScheduleInfo},
    testing::TestQueue,
};

use crate::support::Count;

#[job(queue = "nights")]
async fn count(_: (), runs: State<Count>) {
    runs.up();
}

fn hours() -> Every {
    Every::new(1.hours())
}

fn nights(app: &TestQueue) -> Queue {
    app.client().queue("nights").expect("a good name")
}

async fn hourly(app: &TestQueue) -> ScheduleInfo {
    nights(app).schedules().get("hourly").await.expect("read").expect("it is there")
}

async fn often(app: &TestQueue) -> ScheduleInfo {
    nights(app).schedules().get("often").await.expect("read").expect("it is there")
}

/// Why the failed jobs have failed.
async fn reasons(app: &TestQueue) -> Vec<FailureReason> {
    let failed = nights(app).jobs(JobState::Failed).page(0, 99).await.expect("a page");
    let reason = |outcome| match outcome {
        Some(Outcome::Failed(failure) | Outcome::DeadLettered { failure, .. }) => failure.reason,
        other => panic!("{other:?}"),
    };
    failed.into_iter().map(|info| reason(info.outcome)).collect()
}

#[jobqueue::test]
async fn in_a_paused_queue_one_job_waits(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(count).state(runs.clone());
    app.client().schedule("hourly", hours(), count, ()).await?;
    nights(&app).create().await?;
    nights(&app).pause().await?;
    app.advance(3.hours()).await?;
    let (counts, info) = (nights(&app).counts().await?, hourly(&app).await);
    assert_eq!((counts.waiting, info.fired, info.left_out), (1, 1, 2));
    nights(&app).resume().await?;
    app.advance(1.hours()).await?;
    assert_eq!(runs.get(), 2);
    Ok(())
}

#[jobqueue::test]
async fn a_job_that_expires_is_over_for_its_schedule(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(count).state(Count::default());
    let schedule = app.client().schedule("hourly", hours(), count, ());
    schedule.ttl(30.minutes()).await?;
    nights(&app).create().await?;
    nights(&app).pause().await?;
    app.advance(3.hours()).await?;
    app.advance(45.minutes()).await?;
    assert_eq!((hourly(&app).await.fired, hourly(&app).await.left_out), (3, 0));
    assert_eq!(reasons(&app).await, [FailureReason::Expired; 3]);
    Ok(())
}

#[jobqueue::test]
async fn a_deadline_counts_from_each_tick(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(count).state(Count::default());
    let schedule = app.client().schedule("hourly", hours(), count, ());
    schedule.deadline_in(30.minutes()).await?;
    nights(&app).create().await?;
    nights(&app).pause().await?;
    app.advance(2.hours()).await?;
    app.advance(45.minutes()).await?;
    assert_eq!(hourly(&app).await.fired, 2);
    assert_eq!(reasons(&app).await, [FailureReason::Deadline; 2]);
    Ok(())
}

#[job(queue = "nights", at_most_once)]
async fn once(_: (), runs: State<Count>) {
    runs.up();
    tokio::time::sleep(Duration::from_secs(90 * 60)).await;
}

#[jobqueue::test]
async fn one_that_runs_at_most_once_is_over_when_it_begins(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(once).state(runs.clone());
    app.client().schedule("hourly", hours(), once, ()).await?;
    app.advance(3.hours()).await?;
    assert_eq!((runs.get(), hourly(&app).await.left_out), (3, 0), "its queue knows no run");
    Ok(())
}

/// Needs another 90 minutes each time.
#[job(queue = "nights", attempts = 3)]
async fn later(snoozes: bool, ctx: Context) -> Result<(), Failure> {
    let wait = 90.minutes();
    match (ctx.attempt(), ctx.snoozes()) {
        (1, 0) if snoozes => Err(Failure::snooze(wait, "not yet")),
        (1, 0) => Err(Failure::retry_after(wait, "not yet")),
        _ => Ok(()),
    }
}

#[jobqueue::test]
async fn one_that_comes_back_later_is_not_over(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(later);
    for snoozes in [true, false] {
        app.client().schedule("hourly", hours(), later, snoozes).await?;
        app.advance(3.hours()).await?;
        let info = hourly(&app).await;
        assert_eq!((info.fired, info.left_out), (2, 1), "snoozes: {snoozes}");
        nights(&app).schedules().remove("hourly").await?;
        app.advance(2.hours()).await?;
    }
    Ok(())
}

#[job(queue = "nights", attempts = 1, dead_letter = "nights-dlq")]
async fn fails(_: (), ctx: Context, runs: State<Count>) -> Result<(), Failure> {
    let tick = ctx.schedule().and_then(|from| from.tick);
    if runs.up() < 2 || tick.is_none() { Err(Failure::retry("no")) } else { Ok(()) }
}

#[jobqueue::test]
async fn dead_letters_come_back_with_their_ticks(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(fails).state(runs.clone());
    app.client().schedule("hourly", hours(), fails, ()).limit(2).await?;
    app.advance(2.hours()).await?;
    assert_eq!((runs.get(), hourly(&app).await.fired), (2, 2), "one that has failed is over");
    let dead = app.client().dead_letters("nights-dlq")?;
    app.run_until_idle().await?;
    assert_eq!(dead.count().await?, 2);
    dead.redrive().await?;
    app.run_until_idle().await?;
    assert_eq!((runs.get(), nights(&app).counts().await?.completed), (4, 2));
    Ok(())
}

#[jobqueue::test]
async fn one_that_no_worker_can_read_fails_and_is_over(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(count).state(Count::default());
    app.client().schedule("hourly", hours(), count, ()).version(9).await?;
    app.advance(2.hours()).await?;
    app.advance(30.minutes()).await?;
    assert_eq!((hourly(&app).await.fired, hourly(&app).await.left_out), (2, 0));
    assert_eq!(reasons(&app).await, [FailureReason::NewerVersion; 2]);
    Ok(())
}

#[jobqueue::test]
async fn a_full_queue_keeps_a_tick_waiting_whatever_its_overflow(
    app: TestQueue,
) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(count).state(runs.clone());
    nights(&app).set_limits().max_length(1).overflow(Overflow::DropOldest).await?;
    let before = app.client().add(count, ()).delay(150.minutes()).await?;
    app.client().schedule("hourly", hours(), count, ()).await?;
    app.advance(2.hours()).await?;
    assert_eq!((runs.get(), hourly(&app).await.fired), (0, 0));
    assert_eq!(before.state().await?, Some(JobState::Delayed), "it was not dropped");
    app.advance(1.hours()).await?;
    assert_eq!((runs.get(), hourly(&app).await.fired), (3, 2), "once for all that waited");
    Ok(())
}

#[jobqueue::test]
async fn one_that_is_cancelled_is_over(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(count).state(Count::default());
    app.client().schedule("hourly", hours(), count, ()).await?;
    nights(&app).create().await?;
    nights(&app).pause().await?;
    app.advance(1.hours()).await?;
    let job = hourly(&app).await.last_job.expect("a job");
    nights(&app).job(job).cancel().await?;
    app.advance(1.hours()).await?;
    assert_eq!((hourly(&app).await.fired, hourly(&app).await.left_out), (2, 0));
    Ok(())
}

#[jobqueue::test]
async fn a_debounce_waits_from_the_last_tick_on(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(count).state(runs.clone());
    let key = Unique::by("k").debounce(90.minutes()).longest_wait(3.hours());
    let schedule = app.client().schedule("hourly", hours(), count, ()).unique(key);
    schedule.overlap(Overlap::Allow).await?;
    app.advance(200.minutes()).await?;
    let info = hourly(&app).await;
    assert_eq!((info.fired, runs.get()), (3, 0), "each tick delays it anew");
    let last = nights(&app).job(info.last_job.expect("one")).info().await?;
    assert_eq!(last.state, JobState::Delayed, "{last:?}");
    // The first tick was at most an hour after the start.
    app.advance(80.minutes()).await?;
    assert_eq!((hourly(&app).await.fired, runs.get()), (4, 1), "but three hours at the most");
    Ok(())
}

/// Lets one job start each 150 seconds.
async fn slow(app: &TestQueue) -> Result<(), Error> {
    let slow = Rate::new(1, 150.seconds());
    nights(app).set_limits().rate(slow).await
}

#[jobqueue::test]
async fn a_rate_delays_jobs_and_no_tick_is_lost(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(count).state(runs.clone());
    slow(&app).await?;
    let schedule = app.client().schedule("often", Every::new(1.minutes()), count, ()).limit(6);
    schedule.catch_up(CatchUp::Within(1.hours())).await?;
    app.advance(7.minutes()).await?;
    let counts = nights(&app).counts().await?;
    assert_eq!((often(&app).await.fired, often(&app).await.left_out), (6, 0));
    assert_eq!((runs.get(), counts.waiting), (3, 3), "at 0, 150 and 300 seconds after the first");
    app.advance(8.minutes()).await?;
    assert_eq!((runs.get(), often(&app).await.fired), (6, 6));
    Ok(())
}

/// Ten ticks while a job waits for the rate: the runs, the jobs that were added, the ticks left out,
/// and the jobs that were cancelled. One job still waits.
async fn ten_ticks(app: TestQueue, overlap: Overlap) -> Result<[u64; 4], Error> {
    let runs = Count::default();
    let app = app.handler(count).state(runs.clone());
    slow(&app).await?;
    app.client().schedule("often", Every::new(1.minutes()), count, ()).overlap(overlap).await?;
    app.advance(10.minutes()).await?;
    let (info, counts) = (often(&app).await, nights(&app).counts().await?);
    assert_eq!(info.fired + info.left_out, 10, "no tick is lost");
    assert_eq!(counts.waiting, 1);
    Ok([runs.get() as u64, info.fired, info.left_out, counts.total_cancelled])
}

#[jobqueue::test]
async fn one_that_waits_for_the_rate_is_not_over(app: TestQueue) -> Result<(), Error> {
    // Those of the minutes 0, 1, 3, 6 and 8 are added: they run at 0, 2.5, 5 and 7.5, and the last waits.
    assert_eq!(ten_ticks(app, Overlap::Skip).await?, [4, 5, 5, 0]);
    Ok(())
}

#[jobqueue::test]
async fn one_that_waits_for_the_rate_is_cancelled_by_the_next(app: TestQueue) -> Result<(), Error> {
    // Those of the minutes 0, 2, 5 and 7 run, at 0, 2.5, 5 and 7.5, and that of 9 waits.
    assert_eq!(ten_ticks(app, Overlap::Cancel).await?, [4, 10, 0, 5]);
    Ok(())
}

#[jobqueue::test]
async fn ticks_that_stand_in_line_wait_for_the_rate_too(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(count).state(runs.clone());
    slow(&app).await?;
    let schedule =
        app.client().schedule("often", Every::new(1.minutes()), count, ()).overlap(Overlap::Queue);
    schedule.catch_up(CatchUp::Within(1.hours())).limit(4).await?;
    for expected in 1..=4_u64 {
        app.advance(150.seconds()).await?;
        let (info, counts) = (often(&app).await, nights(&app).counts().await?);
        assert!(counts.waiting + counts.delayed <= 1, "one at a time: {counts:?}");
        assert!(runs.get() as u64 >= expected.min(info.fired) - 1, "{info:?}");
        assert_eq!(info.left_out, 0);
    }
    app.advance(20.minutes()).await?;
    assert_eq!((runs.get(), often(&app).await.fired), (4, 4));
    Ok(())
}
