//! What the API lets a user do: wrapped errors, panics in odd places, numbers that JSON doesn't have,
//! and a runtime that stands still.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use jobqueue::{
    Client, Failure, JobError, State, Worker,
    error::{FailureReason, ResultError},
    job,
};
use jobqueue_tests::server::RedisServer;

use super::report::{Played, Report};

#[derive(Debug, JobError)]
#[job(permanent)]
struct NoOrder;

/// Says nothing itself.
#[derive(Debug, JobError)]
struct Outer {
    source: NoOrder,
}

impl fmt::Display for NoOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such order")
    }
}

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it can't be shipped")
    }
}

impl Error for NoOrder {}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[job(attempts = 9, backoff = fixed("1ms"))]
async fn wrapped(_: ()) -> Result<(), Box<Outer>> {
    Err(Box::new(Outer { source: NoOrder }))
}

#[job(attempts = 9, backoff = fixed("1ms"))]
async fn unknown(_: ()) -> Result<(), Box<dyn Error + Send + Sync>> {
    Err(Failure::permanent("no"))?
}

fn no_wait(_: u32) -> Duration {
    panic!("no such wait")
}

#[job(attempts = 2, backoff = custom(no_wait))]
async fn panics(_: (), runs: State<Arc<AtomicU32>>) -> Result<(), Failure> {
    runs.fetch_add(1, Ordering::SeqCst);
    Err(Failure::retry("again"))
}

#[job(codec = "json")]
async fn divide((a, b): (f64, f64)) -> f64 {
    a / b
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let runs = Arc::new(AtomicU32::new(0));
    let worker = Worker::builder(&client).state(runs.clone());
    let worker = worker.handler(wrapped).handler(unknown).handler(panics).handler(divide).build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());

    let attempts = [
        failure(client.add(wrapped, ()).await?.result().await)?,
        failure(client.add(unknown, ()).await?.result().await)?,
    ];
    let permanent = attempts.iter().all(|it| *it == (FailureReason::Permanent, 1));
    report.check("errors marked permanent, wrapped", format!("{attempts:?}"), "1 attempt", permanent);

    failure(client.add(panics, ()).await?.result().await)?;
    let runs = runs.load(Ordering::SeqCst);
    report.check("runs of a job whose backoff panics", runs, "2, its attempts", runs == 2);

    let refused = client.add(divide, (f64::NAN, 1.0)).await.is_err();
    report.check("NaN in JSON, as payload", format!("refused: {refused}"), "refused", refused);
    let lost = failure(client.add(divide, (1.0, 0.0)).await?.result().await)?;
    let said = lost.0 == FailureReason::Permanent;
    report.check("infinity in JSON, as result", format!("{lost:?}"), "a failure that says so", said);
    handle.stop(Duration::ZERO);
    running.await??;

    let url = server.url();
    let (failed, waited) = tokio::task::spawn_blocking(move || stand_still(&url)).await??;
    let fine = failed && waited < Duration::from_secs(3);
    report.check("a publish whose runtime stands still", format!("{waited:?}"), "1 s + 1 s", fine);
    Ok(())
}

fn failure<T>(
    result: Result<T, ResultError>,
) -> Result<(FailureReason, u32), Box<dyn Error + Send + Sync>> {
    match result {
        Err(ResultError::Failed { failure, .. }) => Ok((failure.reason, failure.attempt)),
        Err(error) => Err(error.into()),
        Ok(_) => Err("it should fail".into()),
    }
}

/// Publishes on a runtime, after the client was used on one that nobody drives any more.
fn stand_still(url: &str) -> Result<(bool, Duration), jobqueue::Error> {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    };
    let (still, other) = (runtime(), runtime());
    let client = still.block_on(async {
        let client = Client::builder(url).retry_timeout(Duration::from_secs(1));
        let client = client.response_timeout(Duration::from_millis(300));
        let client = client.connect_timeout(Duration::from_millis(300)).connect().await?;
        client.publish("news", "a", &1).await?;
        Ok::<_, jobqueue::Error>(client)
    })?;
    Ok(other.block_on(async {
        let began = Instant::now();
        let failed = client.publish("news", "a", &2).await.is_err();
        (failed, began.elapsed())
    }))
}
