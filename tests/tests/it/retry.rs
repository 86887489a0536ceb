//! The consequences of an error's class: the retry matrix, alerts and hooks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{
    Backoff, Client, Failure, JobError, JobHandle, JobState, State,
    error::{FailureReason, ResultError},
    job,
    retry::{ErrorClass, RetryPolicy, RetryRule},
};
use jobqueue_tests::wait::{at_once, eventually};

use crate::support::{Count, Running, client, worker};

/// The calls that the hooks received.
type Heard = Arc<Mutex<Vec<String>>>;

fn heard(heard: &Heard) -> Vec<String> {
    let mut all = heard.lock().expect("no hook panicked in here").clone();
    all.sort();
    all
}

/// A client, and a worker whose hooks are noted.
async fn setting() -> (Client, jobqueue::WorkerBuilder, Heard) {
    let (client, noted) = (client().await, Heard::default());
    let (alerts, letters) = (noted.clone(), noted.clone());
    let builder = worker(&client)
        .dead_letter("dead")
        .on_alert(|_| panic!("a hook that panics"))
        .on_alert(move |alert| {
            let text = format!("alert: {} {}", alert.class, alert.failure.message);
            alerts.lock().expect("no panic").push(text);
        })
        .on_dead_letter(move |letter| {
            let text = format!("dead: {} in {}", letter.failure.message, letter.to);
            letters.lock().expect("no panic").push(text);
        });
    (client, builder, noted)
}

#[derive(Debug, thiserror::Error, JobError)]
#[error("{status}")]
#[job(status = status, retry_after = retry_after)]
struct Response {
    status: u16,
    retry_after: Option<Duration>,
}

#[job(attempts = 5, backoff = fixed("1ms"), retry = standard)]
async fn request(
    (status, retry_after): (u16, Option<u64>),
    runs: State<Count>,
) -> Result<(), Response> {
    runs.up();
    Err(Response { status, retry_after: retry_after.map(Duration::from_secs) })
}

async fn fails<T: serde::de::DeserializeOwned + Send + std::fmt::Debug>(
    job: &JobHandle<T>,
) -> (FailureReason, u32) {
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => (failure.reason, failure.attempt),
        other => panic!("it should fail: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_the_matrix() {
    let (client, builder, noted) = setting().await;
    let runs = Count::default();
    let running = Running::start(builder.handler(request).state(runs.clone()));
    for (status, reason, attempts) in [
        (503, FailureReason::Error, 5),
        (500, FailureReason::Error, 3),
        (400, FailureReason::Permanent, 1),
        (401, FailureReason::Permanent, 1),
        (403, FailureReason::Permanent, 1),
    ] {
        let before = runs.get();
        let job = client.add(request, (status, None)).await.expect("added");
        assert_eq!(fails(&job).await, (reason, attempts), "{status}");
        assert_eq!(runs.get() - before, attempts as usize, "{status}");
    }
    running.stop().await;
    let told = [
        "alert: auth 401",
        "alert: auth 403",
        "dead: 400 in dead",
        "dead: 401 in dead",
        "dead: 403 in dead",
        "dead: 500 in dead",
        "dead: 503 in dead",
    ];
    assert_eq!(heard(&noted), told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_does_not_come_back_before_its_retry_after_and_others_go_on() {
    let (client, builder, _) = setting().await;
    let running = Running::start(builder.handler(request).state(Count::default()));
    let job = client.add(request, (429, Some(7_200))).await.expect("added");
    let due = eventually("the retry", async || {
        let info = job.info().await.expect("there");
        (info.state == JobState::Delayed).then(|| info.due_at.expect("a due time"))
    });
    let wait = (due.await - chrono::Utc::now()).num_minutes();
    assert!((118..=180).contains(&wait), "{wait} minutes");
    let other = client.add(request, (400, None)).await.expect("added");
    assert_eq!(fails(&other).await, (FailureReason::Permanent, 1), "the queue isn't held");
    running.stop().await;
}

const OWN: RetryPolicy = RetryPolicy::STANDARD
    .rule(
        ErrorClass::Validation,
        RetryRule::retry().attempts(2).backoff(Backoff::fixed(Duration::ZERO)),
    )
    .rule(ErrorClass::Server, RetryRule::dead_letter().alert());

fn by_text(error: &anyhow::Error) -> ErrorClass {
    if error.to_string() == "bad" { ErrorClass::Validation } else { ErrorClass::Server }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_and_a_classification_of_ones_own() {
    #[job(attempts = 9, retry = OWN, classify = by_text)]
    async fn classified(text: String) -> anyhow::Result<()> {
        anyhow::bail!(text)
    }
    #[job(attempts = 9, retry = OWN)]
    async fn by_hand(_: ()) -> Result<(), Failure> {
        let error = std::io::Error::other("by hand");
        Err(Failure::from(error).with(ErrorClass::Server))
    }
    let (client, builder, noted) = setting().await;
    let running = Running::start(builder.handler(classified).handler(by_hand));
    let bad = client.add(classified, "bad".to_owned()).await.expect("added");
    assert_eq!(fails(&bad).await, (FailureReason::Error, 2));
    let other = client.add(classified, "other".to_owned()).await.expect("added");
    assert_eq!(fails(&other).await, (FailureReason::Permanent, 1));
    let hand = client.add(by_hand, ()).await.expect("added");
    assert_eq!(fails(&hand).await, (FailureReason::Permanent, 1));
    running.stop().await;
    let alerts: Vec<_> = heard(&noted).into_iter().filter(|t| t.starts_with("alert")).collect();
    assert_eq!(alerts, ["alert: server by hand", "alert: server other"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_of_dead_letters_is_told_each_time_it_is_reached() {
    let (client, builder, _) = setting().await;
    let running = Running::start(builder.handler(request).state(Count::default()));
    let told = Count::default();
    let dead = client.dead_letters("dead").expect("a good name");
    let (watched, count) = (dead.clone(), told.clone());
    let watch = tokio::spawn(async move {
        let mut alerts = watched.length_alerts(2);
        while let Some(length) = alerts.next().await {
            assert!(length.expect("counted") >= 2);
            count.up();
        }
    });
    client.add_all(request, [(400, None); 3]).await.expect("added");
    at_once("the first alert", async || (told.get() == 1).then_some(())).await;
    // Up and down, until it has seen that there were fewer before there were more.
    eventually("the second alert", async || {
        if dead.count().await.expect("counted") == 0 {
            client.add_all(request, [(400, None); 2]).await.expect("added");
        } else if dead.count().await.expect("counted") >= 2 {
            dead.queue().drain().await.expect("drained");
        }
        (told.get() >= 2).then_some(())
    })
    .await;
    watch.abort();
    running.stop().await;
}
