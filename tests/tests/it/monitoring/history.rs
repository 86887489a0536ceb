//! `queue.history()`: what has happened in a queue, by name and time.

use std::{sync::Arc, time::Duration};

use jobqueue::{
    Client, Context, DurationExt, Error, Failure, Queue, State, job,
    stats::{History, HistoryOf, HistoryPoint, Resolution},
};
use jobqueue_tests::{clock::Clock, server::RedisServer, wait};

use crate::support::{Count, Running, blocking, client, client_and_base, client_of, worker};

#[job(queue = "mails", attempts = 2, backoff = fixed("1ms"))]
async fn send(mail: u32, tries: State<Count>) -> Result<(), Failure> {
    match mail {
        100 => Err(Failure::permanent("no address")),
        50 if tries.up() == 0 => Err(Failure::retry("the server is busy")),
        _ => Ok(()),
    }
}

#[job(queue = "mails")]
async fn tidy(_: u32) {}

#[job(queue = "mails")]
async fn hang(_: u32, ctx: Context) -> Result<(), Failure> {
    ctx.cancelled().await;
    Err(Failure::retry("it was told to stop"))
}

fn mails(client: &Client) -> Queue {
    client.queue("mails").expect("a good name")
}

/// A worker that knows all of it.
fn run(client: &Client) -> Running {
    run_with(client, &Count::default())
}

fn run_with(client: &Client, tries: &Count) -> Running {
    let builder = worker(client).handler(send).handler(tidy).handler(hang);
    Running::start(builder.state(tries.clone()))
}

async fn history(queue: &Queue) -> History {
    queue.history().await.expect("redis is there")
}

/// All of the past of the jobs of a name.
async fn of(queue: &Queue, name: &str) -> HistoryPoint {
    queue.history().name(name).await.expect("redis is there").total()
}

#[tokio::test]
async fn a_queue_that_nobody_knows_has_no_history() {
    let queue = mails(&client().await);
    let history = history(&queue).await;
    assert_eq!((history.points.len(), history.resolution), (0, Resolution::Minute));
    assert_eq!((&history.of, history.filled().len()), (&HistoryOf::Queue, 1_441));
    let total = history.total();
    assert_eq!((total.added, total.completed, total.depth, total.lag), (Some(0), 0, None, None));
    let names = queue.history().names().await.expect("redis is there");
    assert!(names.names.is_empty() && !names.others);
}

#[tokio::test]
async fn jobs_of_two_names_on_two_workers_are_told_apart() {
    let client = client().await;
    let queue = mails(&client);
    client.add_all(send, (0..30).chain([50, 100])).await.expect("added");
    client.add_all(tidy, 0..20).await.expect("added");
    queue
        .add("unheard", &1)
        .delay(1.hours())
        .await
        .expect("added")
        .cancel()
        .await
        .expect("it waits");
    let tries = Count::default();
    let workers = [run_with(&client, &tries), run_with(&client, &tries)];
    wait::eventually("all jobs to end", async || {
        let counts = queue.counts().await.expect("redis is there");
        counts.total_completed + counts.total_failed == 52
    })
    .await;
    // Workers tell the rest as they end.
    for worker in workers {
        worker.stop().await;
    }
    let total = history(&queue).await.total();
    assert_eq!((total.added, total.completed, total.failed), (Some(53), 51, 1));
    assert_eq!((total.cancelled, total.retried, total.run.count()), (1, 1, 53));
    assert!(total.depth.is_some() && total.lag.is_some(), "{total:?}");
    let sent = of(&queue, "send").await;
    assert_eq!((sent.added, sent.completed, sent.failed, sent.retried), (None, 31, 1, 1));
    assert_eq!((sent.wait.count(), sent.run.count(), sent.depth), (32, 33, None));
    assert_eq!(of(&queue, "tidy").await.completed, 20);
    assert_eq!(of(&queue, "hang").await.completed, 0);
    let names = queue.history().names().await.expect("redis is there");
    let both: Vec<&str> = names.names.iter().map(AsRef::as_ref).collect();
    assert_eq!((both, names.others), (vec!["send", "tidy"], false));
    let others = queue.history().others().await.expect("redis is there");
    assert_eq!((others.of, others.points.len()), (HistoryOf::Others, 0));
    // Each resolution has the same; and its sums are those of the statistics.
    let stats = queue.stats().await.expect("redis is there");
    for resolution in Resolution::ALL {
        let history = queue.history().resolution(resolution).await.expect("redis is there");
        let total = history.total();
        assert_eq!((history.resolution, total.completed), (resolution, 51));
        assert_eq!((&total.run, &total.wait), (&stats.run, &stats.wait), "{resolution:?}");
    }
    assert_eq!(stats.total_retried, total.retried);
}

#[tokio::test]
async fn a_worker_that_lives_reports_what_was_cancelled_and_how_deep_the_queue_is() {
    let client = client().await;
    let queue = mails(&client);
    let running = run(&client);
    let hung = client.add(hang, 1).await.expect("added");
    wait::at_once("the run", async || queue.counts().await.expect("redis is there").active == 1)
        .await;
    hung.cancel().await.expect("it runs");
    wait::eventually("the cancelled run to be told", async || {
        of(&queue, "hang").await.cancelled == 1
    })
    .await;
    let point = history(&queue).await.points.pop().expect("a point");
    assert!(point.depth.is_some() && point.over <= Duration::from_secs(60), "{point:?}");
    running.stop().await;
    assert_eq!(history(&queue).await.total().cancelled, 1);
}

#[tokio::test]
async fn jobs_by_hand_are_counted_by_their_queue() {
    let client = client().await;
    let queue = mails(&client);
    queue.add_all("send", 0..3).await.expect("added");
    let jobs = queue.receive(2, 20.seconds()).await.expect("received");
    for job in jobs {
        job.complete().await.expect("settled");
    }
    wait::eventually("the receive to report", async || {
        history(&queue).await.total().added == Some(3)
    })
    .await;
    // Whoever reports next has what was settled meanwhile.
    let running = run(&client);
    wait::eventually("all to be told", async || history(&queue).await.total().completed == 3).await;
    running.stop().await;
    assert_eq!(of(&queue, "send").await.completed, 1, "a worker knows its own jobs' names");
}

#[tokio::test]
async fn an_obliterated_queue_has_no_history() {
    let (client, base) = client_and_base("mails").await;
    let running = run(&client);
    client.add(tidy, 1).await.expect("added").result().await.expect("it runs");
    running.stop().await;
    let queue = mails(&client);
    assert_eq!(history(&queue).await.total().completed, 1);
    queue.obliterate().await.expect("nothing is active");
    assert_eq!(history(&queue).await.total().completed, 0);
    let mut redis = blocking(jobqueue_tests::shared::url());
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{base}history*")).query(&mut redis).expect("keys");
    assert_eq!(keys, [""; 0]);
    // Made anew, it counts from the beginning.
    let running = run(&client);
    client.add(tidy, 1).await.expect("added").result().await.expect("it runs");
    running.stop().await;
    let total = history(&queue).await.total();
    assert_eq!((total.added, total.completed), (Some(1), 1));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_anything_is_sent() {
    let queue = mails(&client().await);
    let now = history(&queue).await.to;
    for wrong in [
        queue.history().name(" padded "),
        queue.history().from(now).to(now - Duration::from_secs(1)),
    ] {
        assert!(matches!(wrong.await, Err(Error::Invalid(_))));
    }
    let future = queue.history().from(now + Duration::from_secs(7_200)).await.expect("read");
    assert!(future.points.is_empty() && future.from <= future.to);
    let ancient = queue.history().last(Duration::MAX).await.expect("read");
    assert_eq!(ancient.resolution, Resolution::Hour);
    assert!(ancient.filled().len() >= 2_160 && ancient.filled().len() <= 2_162);
}

#[tokio::test]
async fn the_engine_keeps_a_history_too() {
    let client = Client::connect("embedded:").await.expect("an engine");
    let running = run(&client);
    client.add_all(tidy, 0..20).await.expect("added");
    let last = client.add(tidy, 20).await.expect("added");
    last.result().await.expect("it runs");
    running.stop().await;
    let total = history(&mails(&client)).await.total();
    assert_eq!((total.added, total.completed, total.run.count()), (Some(21), 21, 21));
    assert_eq!(of(&mails(&client), "tidy").await.wait.count(), 21);
}

/// Runs so many jobs at this moment of the server's clock.
async fn day(client: &Client, jobs: u32) {
    let running = run(client);
    client.add_all(tidy, 0..jobs).await.expect("added");
    let queue = mails(client);
    wait::eventually("the jobs to run", async || {
        queue.counts().await.expect("redis is there").waiting == 0
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn the_past_is_kept_the_less_finely_the_longer_ago_it_is() {
    let Some(clock) = Clock::find().map(Arc::new) else { return };
    let server = RedisServer::builder().clock(&clock).start();
    let client = client_of(&server.url()).await;
    let queue = mails(&client);
    let mut begin = None;
    for (jump, jobs) in [("+0", 3), ("+60d", 5), ("+66d", 7), ("+89d", 11), ("+2138h", 13)] {
        clock.jump(jump);
        day(&client, jobs).await;
        begin = begin.or(Some(history(&queue).await.to));
    }
    let read = async |history: jobqueue::manage::ReadHistory| {
        let history = history.await.expect("redis is there");
        let points: Vec<u64> = history.points.iter().map(|point| point.completed).collect();
        let sum = points.iter().sum::<u64>();
        assert_eq!(history.total().run.count(), sum, "{points:?}");
        (history.resolution, sum)
    };
    assert_eq!(read(queue.history()).await, (Resolution::Minute, 24));
    assert_eq!(read(queue.history().last(1.hours())).await, (Resolution::Minute, 13));
    assert_eq!(read(queue.history().last(3.days())).await, (Resolution::TenMinutes, 24));
    assert_eq!(read(queue.history().last(40.days())).await, (Resolution::Hour, 36));
    let begin = begin.expect("a time");
    let all = queue.history().resolution(Resolution::Hour);
    assert_eq!(read(all.clone()).await, (Resolution::Hour, 39));
    assert_eq!(read(all.name("tidy")).await, (Resolution::Hour, 39));
    let first = queue.history().resolution(Resolution::Hour).to(begin + Duration::from_secs(7_200));
    assert_eq!(read(first).await, (Resolution::Hour, 3));
    // Finer points of that long ago are gone.
    let long_ago = queue.history().resolution(Resolution::TenMinutes).last(80.days());
    assert_eq!(read(long_ago).await, (Resolution::TenMinutes, 24));
    clock.jump("+92d");
    let lapsed = queue.history().resolution(Resolution::Hour).await.expect("redis is there");
    let left: u64 = lapsed.points.iter().map(|point| point.completed).sum();
    assert_eq!(left, 36, "the first are more than ninety days ago");
}
