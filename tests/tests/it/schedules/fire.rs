//! Ticks: each adds one job, whoever is there.

use std::{collections::BTreeSet, time::Duration};

use jobqueue::{
    Client, Context, DurationExt as _, JobState, State, job,
    schedule::{CatchUp, Every, Overlap},
};
use jobqueue_tests::wait::eventually;

use crate::support::{Count, Running, client, client_and_base, raw, worker};

#[job(queue = "ticks", retain = all)]
async fn note(_: u32, ctx: Context, runs: State<Count>) {
    assert!(ctx.schedule().is_some_and(|from| from.id == "often"), "{:?}", ctx.schedule());
    runs.up();
}

#[job(queue = "ticks", name = "long", retain = all)]
async fn long(_: (), ctx: Context, runs: State<Count>) {
    runs.up();
    ctx.cancelled().await;
}

/// The ids of all jobs of a schedule that were ever added.
async fn all_jobs(client: &Client) -> BTreeSet<String> {
    let queue = client.queue("ticks").expect("a good name");
    let mut ids = BTreeSet::new();
    for state in [JobState::Waiting, JobState::Active, JobState::Completed, JobState::Failed] {
        let page = queue.jobs(state).ids(0, 1_000).await.expect("a page");
        ids.extend(page.iter().map(ToString::to_string));
    }
    ids
}

#[tokio::test]
async fn each_tick_adds_one_job_however_many_workers_there_are() {
    let client = client().await;
    let runs = Count::default();
    let workers: Vec<Running> =
        (0..5).map(|_| Running::start(worker(&client).handler(note).state(runs.clone()))).collect();
    let every = Every::new(200.millis());
    let made = client
        .schedule("often", every, note, 7)
        .catch_up(CatchUp::Within(1.hours()))
        .limit(10)
        .await
        .expect("made");
    let first = made.next.expect("it goes on");
    eventually("schedules come to this", async || runs.get() == 10).await;
    let expected: BTreeSet<String> =
        (0..10).map(|at| format!("often:{}", first.timestamp_millis() + 200 * at)).collect();
    assert_eq!(all_jobs(&client).await, expected, "one job for each tick");
    let schedules = client.queue("ticks").expect("a good name").schedules();
    let over = schedules.get("often").await.expect("read").expect("it is kept");
    assert_eq!((over.fired, over.next), (10, None), "it ended by its limit");
    for running in workers {
        running.stop().await;
    }
}

#[tokio::test]
async fn a_tick_waits_for_no_slot() {
    let client = client().await;
    let runs = Count::default();
    let busy = worker(&client).concurrency(1).handler(long).state(runs.clone());
    let running = Running::start(busy);
    client.add(long, ()).await.expect("added");
    eventually("schedules come to this", async || runs.get() == 1).await;
    let queue = client.queue("ticks").expect("a good name");
    // The pump is full: it hears of the schedule by its own next look, in a minute at most. Here it
    // knows already that there are some.
    running.handle.stop(Duration::ZERO);
    running.ended().await.expect("it stops");
    let made = queue.schedules().add("often", Every::new(300.millis()), "other", &1);
    made.limit(2).overlap(Overlap::Allow).await.expect("made");
    let running = Running::start(worker(&client).concurrency(1).handler(long).state(runs.clone()));
    eventually("schedules come to this", async || {
        let info = queue.schedules().get("often").await.expect("read").expect("it is there");
        info.fired == 2
    })
    .await;
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test]
async fn one_job_makes_up_for_all_that_nobody_was_there_for() {
    let client = client().await;
    let queue = client.queue("ticks").expect("a good name");
    queue.schedules().add("often", Every::new(100.millis()), "note", &1).await.expect("made");
    tokio::time::sleep(Duration::from_millis(450)).await;
    let runs = Count::default();
    // It has no handler for the job: so this waits, and the ticks after it are left out.
    let running = Running::start(worker(&client).handler(long).state(runs.clone()));
    eventually("schedules come to this", async || {
        let info = queue.schedules().get("often").await.expect("read").expect("it is there");
        info.fired == 1 && info.left_out > 2
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_tick_in_line_waits_for_the_end_of_the_last_job() {
    let client = client().await;
    let runs = Count::default();
    let running = Running::start(worker(&client).handler(long).state(runs.clone()));
    let schedule = client.schedule("often", Every::new(100.millis()), long, ());
    schedule.overlap(Overlap::Queue).limit(2).await.expect("made");
    eventually("schedules come to this", async || runs.get() == 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(all_jobs(&client).await.len(), 1, "the next one waits");
    running.stop_within(Duration::ZERO).await;
    let ended = Running::start(worker(&client).handler(note).state(runs.clone()));
    let queue = client.queue("ticks").expect("a good name");
    queue.drain().await.expect("the first is gone");
    eventually("schedules come to this", async || {
        let info = queue.schedules().get("often").await.expect("read").expect("it is there");
        info.fired == 2
    })
    .await;
    ended.stop().await;
}

#[job(queue = "ticks", name = "short", retain = all)]
async fn short(_: (), runs: State<Count>) {
    runs.up();
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// A worker once looked for the end of the last job every second, and so a schedule of a shorter
/// period fell behind for ever.
#[tokio::test]
async fn ticks_in_line_of_a_short_period_do_not_fall_behind() {
    let client = client().await;
    let runs = Count::default();
    let schedule = client.schedule("often", Every::new(400.millis()), short, ());
    let schedule = schedule.overlap(Overlap::Queue).catch_up(CatchUp::Within(1.hours()));
    schedule.await.expect("made");
    tokio::time::sleep(1_600.millis()).await;
    // Some ticks stand in line by now, and each waits for the one before.
    let running = Running::start(worker(&client).handler(short).state(runs.clone()));
    let schedules = client.queue("ticks").expect("a good name").schedules();
    eventually("it has caught up", async || {
        let info = schedules.get("often").await.expect("read").expect("it is there");
        let lag = chrono::Utc::now() - info.next.expect("it goes on");
        runs.get() > 3 && lag < chrono::TimeDelta::milliseconds(300)
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_rule_of_a_newer_version_is_left_to_others_without_a_busy_loop() {
    let (client, base) = client_and_base("ticks").await;
    let runs = Count::default();
    let running = Running::start(worker(&client).handler(note).state(runs.clone()));
    let mut events = running.handle.events();
    let mut raw = raw(jobqueue_tests::shared::url()).await;
    let queue = client.queue("ticks").expect("a good name");
    // Byte by byte as this version would write it, but for the number.
    queue.schedules().add("newer", Every::new(1.hours()), "note", &1).await.expect("made");
    let rule: Vec<u8> = redis::cmd("HGET")
        .arg(format!("{base}schedules"))
        .arg("newer")
        .query_async(&mut raw)
        .await
        .expect("its rule");
    let at = rule.windows(2).position(|pair| pair == b"v\x01").expect("a version");
    let newer = [&rule[..=at], &[99], &rule[at + 2..]].concat();
    let set = |key: &str| format!("{base}{key}");
    let _: () = redis::pipe()
        .cmd("HSET")
        .arg(set("schedules"))
        .arg("newer")
        .arg(newer)
        .cmd("ZADD")
        .arg(set("ticks"))
        .arg(1)
        .arg("newer")
        .cmd("HSET")
        .arg(set("meta"))
        .arg("ticks")
        .arg(1)
        .query_async(&mut raw)
        .await
        .expect("written");
    client.schedule("often", Every::new(300.millis()), note, 7).limit(3).await.expect("made");
    eventually("schedules come to this", async || runs.get() == 3).await;
    let unread = async {
        loop {
            let event = events.next().await.expect("an event");
            if let jobqueue::telemetry::WorkerEvent::ScheduleUnread { schedule, .. } = event {
                return schedule;
            }
        }
    };
    let unread = tokio::time::timeout(Duration::from_secs(10), unread).await.expect("told");
    assert_eq!(unread, "newer");
    let info = queue.schedules().get("newer").await.expect("read").expect("it is there");
    assert!(info.problem.is_some() && info.fired == 0, "{info:?}");
    running.stop().await;
}
