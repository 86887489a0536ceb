//! The options of adds and calls, with a worker that runs all that is accepted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jobqueue::{
    Add, Backoff, Client, Context, Durability, DurationExt as _, Error, Failure, JobHandle,
    JobState, Rate, Result, Retain,
    error::{CallError, FailureReason, ResultError},
    job,
};
use jobqueue_tests::edges::{COUNTS, TIMES, Table};
use tokio::time::timeout;

use crate::support::{Running, client, worker};

#[job(queue = "edges")]
async fn twice(n: u64) -> u64 {
    n * 2
}

/// Whether the job that was added ends as it should, if one was.
async fn runs(added: &Result<JobHandle<u64>>) -> Result<(), String> {
    let Ok(job) = added else { return Ok(()) };
    let info = job.info().await;
    if info.is_ok_and(|info| info.state == JobState::Delayed) {
        // One that is due just now is as good.
        let _ = job.promote().await;
    }
    match timeout(Duration::from_secs(10), job.result()).await {
        Ok(Ok(14)) => Ok(()),
        // Nothing was to be kept, or the result only for a moment.
        Ok(Err(ResultError::Gone { .. })) => Ok(()),
        // It may wait for a millisecond.
        Ok(Err(ResultError::Failed { failure, .. }))
            if failure.reason == FailureReason::Expired =>
        {
            Ok(())
        }
        other => Err(format!("its result is {other:?}")),
    }
}

/// Adds a job with an option, and has it run.
async fn add(
    client: &Client,
    table: &mut Table,
    what: String,
    option: impl FnOnce(Add<u64>) -> Add<u64>,
) {
    let added = option(client.add(twice, 7)).await;
    let runs = runs(&added).await;
    table.note(what, &added, runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_an_add() {
    let (client, mut table) = (client().await, Table::default());
    let running = Running::start(worker(&client).handler(twice));
    for time in TIMES {
        let table = &mut table;
        add(&client, table, format!("delay({time:?})"), |add| add.delay(time)).await;
        add(&client, table, format!("ttl({time:?})"), |add| add.ttl(time)).await;
        add(&client, table, format!("timeout({time:?})"), |add| add.timeout(time)).await;
        add(&client, table, format!("retain({time:?})"), |add| add.retain(Retain::age(time))).await;
        for backoff in [Backoff::fixed(time), Backoff::exponential(time).max(time)] {
            add(&client, table, format!("{backoff:?}"), |add| add.backoff(backoff)).await;
        }
        let key = format!("{time:?}");
        add(&client, table, format!("unique_for({time:?})"), |add| add.unique_for(key, time)).await;
        let durability = Durability::Replicated { replicas: 0, within: time };
        add(&client, table, format!("{durability:?}"), |add| add.durability(durability)).await;
    }
    let ms = |ms| DateTime::from_timestamp_millis(ms).expect("a time");
    for at in [DateTime::<Utc>::MIN_UTC, ms(-1), ms(0), ms(1 << 48), DateTime::<Utc>::MAX_UTC] {
        add(&client, &mut table, format!("at({at})"), |add| add.at(at)).await;
    }
    table.assert_sound();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_an_add() {
    let (client, mut table) = (client().await, Table::default());
    let running = Running::start(worker(&client).handler(twice));
    let each = &mut table;
    for count in COUNTS {
        let retain = Retain::count(count);
        add(&client, each, format!("retain({count})"), |add| add.retain(retain)).await;
        add(&client, each, format!("retain_failed({count})"), |add| add.retain_failed(retain))
            .await;
    }
    for number in [0, 1, u32::MAX] {
        add(&client, each, format!("attempts({number})"), |add| add.attempts(number)).await;
    }
    for version in [0, 1] {
        add(&client, each, format!("version({version})"), |add| add.version(version)).await;
    }
    for priority in [i16::MIN, -1_025, -1_024, 0, 1_023, 1_024, i16::MAX] {
        add(&client, each, format!("priority({priority})"), |add| add.priority(priority)).await;
    }
    for jitter in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 0.0, 1.0, 1.1, f64::MAX] {
        let backoff = Backoff::fixed(1.millis()).jitter(jitter);
        add(&client, each, format!("{backoff:?}"), |add| add.backoff(backoff)).await;
    }
    for len in [0, 1, 128, 129, 256, 257, 20_000] {
        let text = "x".repeat(len);
        add(&client, each, format!("an id of {len}"), |add| add.id(&text)).await;
        add(&client, each, format!("a key of {len}"), |add| add.unique(&text)).await;
        add(&client, each, format!("a header of {len}"), |add| add.header("h", &text)).await;
    }
    table.assert_sound();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_a_call() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(twice));
    for time in TIMES {
        match client.call(twice, 7).timeout(time).await {
            Ok(14) => {}
            Err(CallError::TimedOut { .. }) if time < 1.seconds() => {}
            other => panic!("{time:?}: {other:?}"),
        }
    }
    running.stop().await;
}

#[job(queue = "reports", attempts = 1)]
async fn report(bytes: usize, ctx: Context) -> Result<usize, Failure> {
    ctx.log("x".repeat(bytes)).await?;
    for lifetime in TIMES {
        let once = ctx.once(format!("{lifetime:?}"), async { Ok::<_, Failure>(1) });
        let (once, valid) = (once.lifetime(lifetime).wait(lifetime), lifetime >= 1.millis());
        if once.await.is_ok() != valid {
            return Err(Failure::permanent(format!("once for {lifetime:?}")));
        }
    }
    match ctx.progress(&"x".repeat(bytes)).await {
        Ok(()) => Ok(bytes),
        Err(Error::Payload(error)) => Err(Failure::permanent(error)),
        Err(error) => Err(error.into()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_reports() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(report));
    for (bytes, fits) in [(0, true), (1 << 19, true), (1 << 20, false), (20 << 20, false)] {
        let job = client.add(report, bytes).await.expect("added");
        match (fits, job.result().await) {
            (true, Ok(_)) => {}
            (false, Err(ResultError::Failed { failure, .. })) => {
                assert!(failure.message.contains("1048576 is the limit"), "{failure:?}");
            }
            other => panic!("{bytes} bytes of progress: {other:?}"),
        }
        let info = job.info().await.expect("there");
        assert_eq!(info.progress.is_some(), fits, "what is too large isn't sent");
        let line = job.logs(0).await.expect("its log").pop().expect("a line");
        assert_eq!(line.len(), bytes.min(8_192));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_handler_stops_its_queue_for_ever() {
    #[job(queue = "throttled", attempts = 2)]
    async fn hold(n: u64) -> Result<(), Failure> {
        Err(match n {
            0 => Failure::rate_limited(Duration::MAX, "slow down"),
            1 => Failure::retry_after(Duration::MAX, "later"),
            _ => Failure::rate_limited(Duration::ZERO, "once more"),
        })
    }
    let client = client().await;
    let queue = client.queue("throttled").expect("a good name");
    let running = Running::start(worker(&client).handler(hold));
    let later = client.add(hold, 1).await.expect("added");
    let delayed = async || later.state().await.expect("looked") == Some(JobState::Delayed);
    jobqueue_tests::wait::eventually("a retry", delayed).await;
    let due = later.info().await.expect("there").due_at.expect("a time") - Utc::now();
    assert!(due.num_days() <= 365, "{due}");
    client.add(hold, 0).await.expect("added");
    let throttled = async || queue.stats().await.expect("looked").throttled_for;
    let left = jobqueue_tests::wait::eventually("a throttle", throttled).await;
    assert!(left <= 1.days(), "{left:?}");
    running.stop().await;
}

#[tokio::test]
async fn a_redrive_at_any_rate() {
    let client = client().await;
    let dead = client.dead_letters("dead").expect("a good name");
    for (max, per) in [(0, 1.seconds()), (1, Duration::ZERO), (1, Duration::MAX), (9, 1.seconds())]
    {
        let answer = dead.redrive().rate(Rate::new(max, per)).await;
        match max {
            9 => assert!(matches!(answer, Ok(0)), "{answer:?}"),
            _ => assert!(matches!(answer, Err(Error::Invalid(_))), "{max} {per:?}: {answer:?}"),
        }
    }
}
