//! The retry matrix: what follows from an error depends on its class.
//!
//! Replaces the table "Retry Strategy Matrix": transient → exponential backoff; rate limit (429) →
//! backoff with jitter; validation (400) → dead letter at once; auth (401, 403) → alert and dead
//! letter; server error (500) → limited retries, then dead letter. It is [`RetryPolicy::STANDARD`],
//! which holds for every handler; here one rule is changed, so that the program doesn't wait for a
//! rate limit.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::time::Duration;

use jobqueue::{
    Backoff, Context, JobError, Worker,
    error::ResultError,
    job,
    retry::{ErrorClass, RetryPolicy, RetryRule},
};

/// What the payment gateway answers, if it isn't well. The class comes from the status.
#[derive(Debug, thiserror::Error, JobError)]
enum GatewayError {
    #[error("the connection was reset")]
    #[job(class = "transient")]
    Network,
    #[error("HTTP {status}")]
    #[job(status = status, retry_after = retry_after)]
    Status { status: u16, retry_after: Option<Duration> },
}

/// As it stands in the table, but faster.
const MATRIX: RetryPolicy = RetryPolicy::STANDARD.rule(
    ErrorClass::RateLimited,
    RetryRule::retry().backoff(Backoff::fixed(Duration::from_millis(5)).jitter(0.5)),
);

#[job(
    queue = "payments",
    attempts = 5,
    backoff = exponential("1ms", max = "10s", jitter = 0.2),
    retry = MATRIX,
    dead_letter = "payments-dlq"
)]
async fn charge(case: String, ctx: Context) -> Result<String, GatewayError> {
    let status = |status| GatewayError::Status { status, retry_after: None };
    match (case.as_str(), ctx.attempt()) {
        ("network", 1..=3) => Err(GatewayError::Network),
        ("rate limit", 1) => {
            Err(GatewayError::Status { status: 429, retry_after: Some(Duration::from_millis(20)) })
        }
        ("validation", _) => Err(status(400)),
        ("auth", _) => Err(status(401)),
        ("forbidden", _) => Err(status(403)),
        ("server error", _) => Err(status(500)),
        (_, attempt) => Ok(format!("charged at attempt {attempt}")),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let worker = Worker::builder(&client)
        .handler(charge)
        .on_alert(|alert| println!("  alert! {}: {}", alert.class, alert.failure.message))
        .build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());
    let mut dead = 0;
    for case in ["network", "rate limit", "validation", "auth", "forbidden", "server error"] {
        println!("{case}:");
        match client.add(charge, case.to_owned()).await?.result().await {
            Ok(receipt) => println!("  {receipt}"),
            Err(ResultError::Failed { failure, .. }) => {
                dead += 1;
                client.dead_letters("payments-dlq")?.wait_for(dead).await?;
                println!("  the job failed: {failure}; in the dead-letter queue");
            }
            Err(error) => return Err(error.into()),
        }
    }
    handle.stop(Duration::from_secs(5));
    working.await??;
    Ok(())
}
