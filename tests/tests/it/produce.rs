//! Adding jobs: options, uniqueness, bulk, limits, repeats and outages.

use std::{collections::HashSet, future::poll_fn, task::Poll, time::Duration};

use chrono::Utc;
use jobqueue::{
    Backoff, Client, Durability, DurationExt, Error, JobId, JobState, Retain,
    error::{PayloadError, Refused},
    job,
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};

use crate::support::{Running, client, client_of, ids, raw, worker};

#[job(queue = "numbers")]
async fn number(_n: u32) {}

async fn order(client: &Client) -> Vec<String> {
    let waiting = client.queue("numbers").expect("a name").jobs(JobState::Waiting);
    let ids = waiting.ids(0, 1_000).await.expect("ids");
    ids.iter().map(JobId::to_string).collect()
}

#[tokio::test]
async fn first_in_first_out_and_lower_priorities_first() {
    let client = client().await;
    let mut expected = Vec::new();
    for priority in [-1024, -1, 0, 1, 1023] {
        let jobs = client.add_all(number, 0..20).priority(priority).await.expect("added");
        expected.extend(ids(&jobs));
        let single = client.add(number, 20).priority(priority).await.expect("added");
        expected.push(single.id().to_string());
    }
    assert_eq!(order(&client).await, expected);
}

#[tokio::test]
async fn delays_and_times() {
    let client = client().await;
    let later = client.add(number, 1).delay(1.hours()).await.expect("added");
    let at = Utc::now() + Duration::from_secs(7_200);
    let fixed = client.add(number, 2).at(at).await.expect("added");
    let past = client.add(number, 3).at(Utc::now() - Duration::from_secs(60)).await.expect("added");
    let never = client.add(number, 4).delay(Duration::from_secs(300 * 365 * 86_400)).await;

    let minutes = |info: &jobqueue::JobInfo| (info.due_at.expect("due") - Utc::now()).num_minutes();
    let info = later.info().await.expect("there");
    assert_eq!(info.state, JobState::Delayed);
    assert!((59..=60).contains(&minutes(&info)), "{info:?}");
    let info = fixed.info().await.expect("there");
    assert_eq!(info.due_at.expect("due").timestamp_millis(), at.timestamp_millis());
    assert_eq!(past.state().await.expect("a state"), Some(JobState::Waiting));
    let info = never.expect("added").info().await.expect("there");
    assert!(minutes(&info) > 299 * 365 * 24 * 60, "{info:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_due_runs_soon_though_the_worker_sleeps() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(number));
    // The worker finds nothing, and sleeps for five seconds at most.
    let queue = client.queue("numbers").expect("a name");
    eventually("the worker", async || queue.counts().await.expect("counts").workers == 1).await;
    let began = std::time::Instant::now();
    let job = client.add(number, 1).delay(300.millis()).await.expect("added");
    job.result().await.expect("run");
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_while_it_exists() {
    let client = client().await;
    let first = client.add(number, 1).unique("user:7").await.expect("added");
    let second = client.add(number, 2).unique("user:7").await.expect("found");
    let other = client.add(number, 3).unique("user:8").await.expect("added");
    assert!(!first.existed() && second.existed() && !other.existed());
    assert_eq!(second.id(), first.id());

    let running = Running::start(worker(&client).handler(number));
    first.result().await.expect("run");
    let third = client.add(number, 4).unique("user:7").await.expect("added");
    assert!(!third.existed(), "the key is free when the job has ended");
    third.result().await.expect("run");
    running.stop().await;

    let fourth = client.add(number, 5).unique("user:7").await.expect("added");
    fourth.remove().await.expect("removed");
    let fifth = client.add(number, 6).unique("user:7").await.expect("added");
    assert!(!fifth.existed(), "the key is free when the job was removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_for_a_time() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(number));
    let first = client.add(number, 1).unique_for("k", 1.hours()).await.expect("added");
    first.result().await.expect("run");
    let second = client.add(number, 2).unique_for("k", 1.hours()).await.expect("found");
    assert!(second.existed() && second.id() == first.id(), "also when it has ended");
    client.add(number, 3).unique_for("brief", 1.millis()).await.expect("added");
    eventually("the key to lapse", async || {
        !client.add(number, 4).unique_for("brief", 1.millis()).await.expect("an answer").existed()
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn a_chosen_id_is_added_once() {
    let client = client().await;
    let first = client.add(number, 1).id("invoice-42").await.expect("added");
    let second = client.add(number, 2).id("invoice-42").await.expect("found");
    assert!(!first.existed() && second.existed());
    let info = second.info().await.expect("there");
    assert_eq!(info.record.codec.decode::<u32>(&info.record.payload), Ok(1));
    let (one, other) =
        tokio::join!(client.add(number, 1).id("twin"), client.add(number, 2).id("twin"));
    assert!(one.expect("added").existed() != other.expect("added").existed());
}

#[tokio::test]
async fn bulk_adds_are_cut_into_calls() {
    let client = client().await;
    let jobs = client.add_all(number, 0..2_500).await.expect("added");
    assert_eq!(jobs.len(), 2_500);
    assert_eq!(jobs.iter().map(|job| job.id()).collect::<HashSet<_>>().len(), 2_500);
    let counts = client.queue("numbers").expect("a name").counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.total_added), (2_500, 2_500));
    assert!(client.add_all(number, []).await.expect("nothing").is_empty());
}

#[tokio::test]
async fn a_bulk_add_says_how_far_it_came() {
    let client = client().await;
    let queue = client.queue("numbers").expect("a name");
    queue.set_limits().max_length(1_200).await.expect("set");
    let error = client.add_all(number, 0..2_500).await.expect_err("too many");
    assert_eq!(error.added.len(), 1_000);
    assert!(matches!(error.error, Error::Refused(Refused::QueueFull { cap: 1_200, .. })));
    assert_eq!(queue.counts().await.expect("counts").waiting, 1_000);
}

#[tokio::test]
async fn adds_that_are_too_large_or_invalid_are_refused_before_they_are_sent() {
    let client = client().await;
    let queue = client.queue("numbers").expect("a name");
    let big = "x".repeat(2 << 20);
    let error = queue.add("number", &big).await.expect_err("too large");
    assert!(matches!(error, Error::Payload(PayloadError::TooLarge { .. })), "{error}");
    for bad in ["", " blank", "line\nbreak", &"n".repeat(10_240)] {
        assert!(matches!(queue.add(bad, &1).await, Err(Error::Invalid(_))), "{bad:?}");
    }
    for bad in ["", "{a}", "a b", "📦", &"q".repeat(10_240)] {
        assert!(matches!(client.queue(bad), Err(Error::Invalid(_))), "{bad:?}");
    }
    let add = || client.add(number, 1);
    for add in [
        add().attempts(0),
        add().timeout(Duration::ZERO),
        add().priority(1024),
        add().priority(-1025),
        add().id("with blank"),
        add().unique(""),
        add().backoff(Backoff::custom(|_| Duration::ZERO)),
        add().backoff(Backoff::fixed(1.seconds()).jitter(2.0)),
        add().header("k", "v".repeat(20_000)),
    ] {
        let shown = format!("{add:?}");
        assert!(matches!(add.await, Err(Error::Invalid(_))), "{shown}");
    }
    assert_eq!(queue.counts().await.expect("counts").total_added, 0);
}

#[tokio::test]
async fn a_full_queue_refuses_and_takes_again() {
    let client = client().await;
    let queue = client.queue("numbers").expect("a name");
    queue.set_limits().max_length(2).await.expect("set");
    for n in 0..2 {
        client.add(number, n).await.expect("room");
    }
    let error = client.add(number, 2).await.expect_err("full");
    assert!(matches!(&error, Error::Refused(Refused::QueueFull { cap: 2, .. })), "{error}");
    assert!(error.is_retryable() && error.to_string().contains("numbers"), "{error}");
    // Of adds that travel together, those that fit are taken.
    queue.set_limits().max_length(5).await.expect("set");
    let mut adds = tokio::task::JoinSet::new();
    for n in 0..10 {
        let client = client.clone();
        adds.spawn(async move { client.add(number, n).await.is_ok() });
    }
    let taken = adds.join_all().await.into_iter().filter(|ok| *ok).count();
    assert_eq!((taken, queue.counts().await.expect("counts").waiting), (3, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_adds_travel_together() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let mut adds = tokio::task::JoinSet::new();
    for n in 0..2_000 {
        let client = client.clone();
        adds.spawn(async move { client.add(number, n).await.map(drop) });
    }
    for added in adds.join_all().await {
        added.expect("added");
    }
    let calls = server.script_calls();
    assert!(calls < 200, "{calls} calls for 2,000 adds");
}

#[tokio::test]
async fn of_many_adds_a_second_call_does_not_wait_for_the_first() {
    #[job(queue = "texts")]
    async fn text(_text: String) {}

    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    client.add(text, String::new()).await.expect("added");
    let mut connection = raw(&server.url()).await;
    let mut pause = redis::cmd("CLIENT");
    pause.arg("PAUSE").arg(60_000).arg("WRITE");
    pause.query_async::<()>(&mut connection).await.expect("paused");
    let mut adds = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let client = client.clone();
        adds.spawn(async move { client.add(text, "x".repeat(1_000)).await.map(drop) });
    }
    // A call carries 500 of them, so more than one call waits at the server.
    eventually("two calls at the server", async || {
        let mut list = redis::cmd("CLIENT");
        let list: String = list.arg("LIST").query_async(&mut connection).await.expect("clients");
        let gathered = list.split_whitespace().filter_map(|field| field.strip_prefix("qbuf="));
        gathered.filter_map(|bytes| bytes.parse().ok()).max() > Some(900_000)
    })
    .await;
    let mut unpause = redis::cmd("CLIENT");
    unpause.arg("UNPAUSE").query_async::<()>(&mut connection).await.expect("goes on");
    for added in adds.join_all().await {
        added.expect("added");
    }
    let counts = client.queue("texts").expect("a name").counts().await.expect("counts");
    assert_eq!(counts.waiting, 1_001);
}

#[tokio::test]
async fn an_add_that_nobody_polls_keeps_nobody_waiting() {
    let client = client().await;
    let mut kept = client.add(number, 1).into_future();
    let mut dropped = client.add(number, 2).into_future();
    for add in [&mut kept, &mut dropped] {
        poll_fn(|cx| Poll::Ready(add.as_mut().poll(cx).is_ready())).await;
    }
    client.add(number, 3).await.expect("added");
    drop(dropped);
    client.add(number, 4).await.expect("added");
    kept.await.expect("added");
    client.add(number, 5).await.expect("added");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_adds_nothing_twice() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = Client::builder(&server.url_through(&proxy)).prefix("t");
    let client = client.response_timeout(200.millis()).connect().await.expect("connected");
    client.add(number, 0).await.expect("added");
    for n in 1..=20 {
        // The request arrives; the reply is cut.
        proxy.set(Mode::CutReplies(3));
        let adding = tokio::spawn(client.add(number, n).into_future());
        eventually("the job", async || {
            let direct = raw(&server.url()).await;
            let mut direct = direct;
            let count: u32 = redis::cmd("ZCARD")
                .arg("t:{numbers}:waiting")
                .query_async(&mut direct)
                .await
                .expect("a count");
            count > n
        })
        .await;
        proxy.set(Mode::Forward);
        let job = adding.await.expect("no panic").expect("added in the end");
        assert!(!job.existed());
    }
    let counts = client.queue("numbers").expect("a name").counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.total_added), (21, 21));
}

#[tokio::test(flavor = "multi_thread")]
async fn adds_wait_for_redis_and_fail_clearly_in_the_end() {
    let mut server = RedisServer::builder().append_only().start();
    let client = Client::builder(&server.url()).retry_timeout(400.millis());
    let client = client.connect().await.expect("connected");
    server.kill();
    let error = client.add(number, 1).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Unavailable { .. }) && error.is_retryable(), "{error}");

    let patient = Client::builder(&server.url()).retry_timeout(20.seconds());
    let patient = tokio::spawn(async move {
        let client = patient.connect().await?;
        client.add(number, 2).await
    });
    server.restart();
    let client = client_of(&server.url()).await;
    client.add(number, 3).await.expect("it is back");
    drop(patient.await.expect("no panic"));
}

#[tokio::test(flavor = "multi_thread")]
async fn adds_under_way_survive_a_restart() {
    let mut server = RedisServer::builder().append_only().start();
    let client = client_of(&server.url()).await;
    client.add(number, 0).await.expect("added");
    server.kill();
    let adding = tokio::spawn(client.add(number, 1).into_future());
    server.restart();
    adding.await.expect("no panic").expect("added when it was back");
    let counts = client.queue("numbers").expect("a name").counts().await.expect("counts");
    assert_eq!(counts.waiting, 2);
}

#[tokio::test]
async fn durability_that_the_server_can_not_give_is_said() {
    let client = client().await;
    let replicated = Durability::Replicated { replicas: 1, within: 50.millis() };
    let error = client.add(number, 1).durability(replicated).await.expect_err("no replica");
    let text = "queue numbers: written, but 0 instead of 1 replicas confirmed it within 50ms; \
                check them before relying on it";
    assert_eq!(error.to_string(), text);
    let none = Durability::Replicated { replicas: 0, within: 50.millis() };
    client.add(number, 2).durability(none).await.expect("none is asked for");
    let synced = Durability::Synced { replicas: 0, within: 50.millis() };
    // Redis 7.0 has no WAITAOF, and newer ones have no append-only file in these tests.
    client.add(number, 3).durability(synced).await.expect_err("no append-only file");
}

#[tokio::test]
async fn a_record_keeps_what_the_add_said() {
    let client = client().await;
    let job = client
        .add(number, 5)
        .attempts(7)
        .backoff(Backoff::exponential(2.seconds()))
        .timeout(9.seconds())
        .priority(-3)
        .retain(Retain::count(5))
        .header("traceparent", "00-ab")
        .await
        .expect("added");
    let info = job.info().await.expect("there");
    let options = info.record.options;
    assert_eq!((options.attempts, options.timeout), (Some(7), Some(9.seconds())));
    assert_eq!(options.backoff, Some(Backoff::exponential(2.seconds())));
    assert_eq!((options.priority.get(), info.priority), (-3, -3));
    assert_eq!(options.retain, Some(Retain::count(5)));
    assert_eq!(options.headers["traceparent"], "00-ab");
}
