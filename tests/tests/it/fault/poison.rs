//! Payloads, names, ids and numbers that nobody should send.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jobqueue::{
    Client, DurationExt as _, Error, JobHandle, JobId, JobState,
    error::{FailureReason, ResultError},
    job,
};
use jobqueue_tests::{names, shared, wait::at_once};

use crate::support::{Running, client, raw, worker};

#[job(queue = "poison", attempts = 3, backoff = fixed("1ms"))]
async fn text(payload: String) -> usize {
    payload.len()
}

/// A client whose keys begin with the second.
async fn client_and_jobs() -> (Client, String) {
    let prefix = names::queue("t");
    let client = Client::builder(shared::url()).prefix(prefix.clone()).connect().await;
    (client.expect("connected"), format!("{prefix}:{{poison}}:jobs"))
}

/// Puts other bytes in place of a job's record.
async fn spoil(jobs: &str, id: &JobId, record: &[u8]) {
    let mut command = redis::cmd("HSET");
    command.arg(jobs).arg(id.as_str()).arg(record);
    let () = command.query_async(&mut raw(shared::url()).await).await.expect("spoilt");
}

/// Puts a text in place of a job's count.
async fn miscount(column: &str, id: &JobId) {
    let mut command = redis::cmd("HSET");
    command.arg(column).arg(id.as_str()).arg("garbage x");
    let () = command.query_async(&mut raw(shared::url()).await).await.expect("miscounted");
}

/// It is one of its job alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_none_holds_nobody_up() {
    let (client, jobs) = client_and_jobs().await;
    let queue = jobs.strip_suffix("jobs").expect("a key");
    let mut all = Vec::new();
    for column in ["attempts", "stalls", "misses"] {
        let odd = client.add(text, "odd".into()).await.expect("added");
        miscount(&format!("{queue}{column}"), odd.id()).await;
        all.extend([odd, client.add(text, "good".into()).await.expect("added")]);
    }
    // Of a worker that died with it, too.
    let (stalls, lost) = (format!("{queue}stalls"), client.add(text, "lost".into()).await);
    let lost = lost.expect("added");
    miscount(&stalls, lost.id()).await;
    let mut raw = raw(shared::url()).await;
    for (command, key, args) in [
        ("ZREM", "waiting", vec![lost.id().as_str()]),
        ("ZADD", "workers", vec!["1", "dead"]),
        ("HSET", "running:dead", vec![lost.id().as_str(), "1:1"]),
    ] {
        let mut command = redis::cmd(command);
        command.arg(format!("{queue}{key}")).arg(args);
        let () = command.query_async(&mut raw).await.expect("put");
    }
    all.push(lost);
    let running = Running::start(worker(&client).handler(text));
    for job in all {
        assert!(job.result().await.expect("run") >= 3);
    }
    running.stop().await;
}

/// Why it failed, and at which attempt.
async fn failed(job: &JobHandle<usize>) -> (FailureReason, u32) {
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => (failure.reason, failure.attempt),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_random_bytes_fail_and_the_others_go_on() {
    let (client, key) = client_and_jobs().await;
    let mut bad = Vec::new();
    for at in 0..200_usize {
        let job = client.add(text, "x".into()).await.expect("added");
        let mut record: Vec<u8> = (0..at).map(|_| fastrand::u8(..)).collect();
        // A record of a newer version, and bytes that only begin like a record.
        match at % 3 {
            0 => record.splice(0..0, [0x96, 9]).for_each(drop),
            1 => record.splice(0..0, [0x95, 1, 0xa4]).for_each(drop),
            _ => {}
        }
        spoil(&key, job.id(), &record).await;
        bad.push(job);
    }
    let good = client.add(text, "good".into()).await.expect("added");
    let running = Running::start(worker(&client).handler(text));
    assert_eq!(good.result().await.expect("run"), 4);
    let queue = good.queue();
    at_once("all", async || queue.counts().await.expect("counts").total_failed == 200).await;
    let other = queue.add("text", &1).await.expect("added").typed::<usize>();
    assert_eq!(failed(&other).await, (FailureReason::BadPayload, 1));
    let pages = queue.jobs(JobState::Failed);
    assert_eq!(pages.ids(0, 1_000).await.expect("ids").len(), 201);
    let page = pages.page(0, 1_000).await.expect("those that can be read");
    assert_eq!(page.iter().map(|job| &job.id).collect::<Vec<_>>(), [other.id()]);
    for job in &bad {
        // Its outcome can't be read either, but the error says why, and the job can be removed.
        let error = job.result().await.expect_err("it can't succeed");
        assert!(matches!(error, ResultError::Error(Error::Corrupt(_))), "{error}");
        job.remove().await.expect("removed");
    }
    running.stop().await;
}

/// A record that is sound but for its payload, which is written by this codec.
fn record(codec: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("a short one");
    let mut record = vec![0x95, 1, 0xa4];
    record.extend(b"text");
    record.extend([codec, 0xc4, len]);
    record.extend(payload);
    record.push(0);
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_random_bytes_fail_at_once() {
    let (client, key) = client_and_jobs().await;
    let mut bad = Vec::new();
    for at in 0..200_u8 {
        let job = client.add(text, "x".into()).await.expect("added");
        // 0 bytes too. A number in front, so that none is a text by chance.
        let payload: Vec<u8> = (0..at).map(|n| if n == 0 { 7 } else { fastrand::u8(..) }).collect();
        spoil(&key, job.id(), &record(at % 2, &payload)).await;
        bad.push(job);
    }
    let running = Running::start(worker(&client).handler(text));
    for job in &bad {
        assert_eq!(failed(job).await, (FailureReason::BadPayload, 1), "no other try can help");
    }
    let good = client.add(text, "good".into()).await.expect("added");
    assert_eq!(good.result().await.expect("run"), 4);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_of_other_shapes_fail_at_once() {
    let client = client().await;
    let queue = client.queue("poison").expect("a name");
    let running = Running::start(worker(&client).handler(text));
    let deep = (0..10_000).fold(String::from("1"), |inner, _| format!("[{inner}]"));
    let shapes = [serde_json::json!(null), serde_json::json!({}), serde_json::json!([-1, deep])];
    for shape in &shapes {
        let job = queue.add("text", shape).await.expect("added").typed::<usize>();
        assert_eq!(failed(&job).await, (FailureReason::BadPayload, 1));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_of_three_hundred_years_and_times_at_the_edges() {
    let client = client().await;
    let years = 300 * 366.days();
    let job = client.add(text, "later".into()).delay(years).await.expect("added");
    let due = job.info().await.expect("there").due_at.expect("a time");
    assert!((due - Utc::now()).num_days() > 300 * 365, "{due}");
    let never = client.add(text, "never".into()).delay(Duration::MAX).await.expect("added");
    let never_at = client.add(text, "n".into()).at(DateTime::<Utc>::MAX_UTC).await.expect("added");
    let past = client.add(text, "past".into()).at(DateTime::<Utc>::MIN_UTC).await.expect("added");
    let soon = client.add(text, "soon".into()).delay(1.millis()).await.expect("added");
    let running = Running::start(worker(&client).handler(text));
    assert_eq!((past.result().await.expect("run"), soon.result().await.expect("run")), (4, 4));
    for job in [&job, &never, &never_at] {
        assert_eq!(job.state().await.expect("a state"), Some(JobState::Delayed));
        job.promote().await.expect("promoted");
        job.result().await.expect("run");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_without_end_in_sight() {
    // Durations that the clock can't add to now.
    let client = client().await;
    let add = client.add(text, "x".into()).timeout(Duration::MAX).attempts(u32::MAX);
    let job = add.await.expect("added");
    let running = Running::start(worker(&client).handler(text));
    assert_eq!(job.result().await.expect("run"), 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_ids_are_refused_or_unknown() {
    let client = client().await;
    for bad in ["", " ", "a b", "\n", "é", "📦", &"i".repeat(10_240)] {
        let error = client.add(text, "x".into()).id(bad).await.expect_err("no id");
        assert!(matches!(error, Error::Invalid(_)), "{bad:?}: {error}");
    }
    for odd in ["0", "{}", "*", "jq:{poison}:jobs", "\"'\\", "..", "-1", "nil"] {
        let id: JobId = odd.parse().expect("printable");
        let queue = client.queue("poison").expect("a name");
        assert_eq!(queue.job(&id).state().await.expect("an answer"), None, "{odd}");
        let job = client.add(text, odd.into()).id(odd).await.expect("added");
        assert_eq!(job.id(), &id);
        queue.job(&id).remove().await.expect("removed");
    }
}
