//! Jobs that are not wanted any more: one that waits, one that runs, and one whose work was done by
//! then.
//!
//! Replaces BullMQ's `job.remove()` of a job that waits, and `worker.cancelJob(id)`, which the process
//! that runs the job must call.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{Context, DurationExt, Failure, State, Worker, error::ResultError, job};
use tokio::sync::mpsc;

/// Says that it has begun.
type Begun = State<mpsc::UnboundedSender<()>>;

#[job(queue = "reports", cancel_grace = "5s")]
async fn report(month: String, begun: Begun, ctx: Context) -> Result<String, Failure> {
    let _ = begun.send(());
    ctx.cancelled().await;
    if month == "May" {
        return Ok("the report was done already".to_owned());
    }
    let reason = ctx.cancel_reason().map(ToString::to_string).unwrap_or_default();
    println!("the run of {month} was {reason}");
    Err(Failure::retry("told to stop"))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let waits = client.add(report, "March".to_owned()).await?;
    waits.cancel().by("ops").reason("not wanted any more").await?;
    if let Err(ResultError::Cancelled { reason, .. }) = waits.result().await {
        println!("March was {reason}");
    }

    let (sender, mut begun) = mpsc::unbounded_channel::<()>();
    let worker = Worker::builder(&client).handler(report).state(sender).build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());
    for month in ["April", "May"] {
        let job = client.add(report, month.to_owned()).await?;
        begun.recv().await;
        job.cancel().by("ops").await?;
        match job.result().await {
            Ok(result) => println!("{month}: {result}"),
            Err(ResultError::Cancelled { .. }) => println!("{month}: no result"),
            Err(error) => return Err(error.into()),
        }
    }
    handle.stop(5.seconds());
    working.await??;
    let counts = client.queue("reports")?.counts().await?;
    println!(
        "{} cancelled, {} completed, {} failed",
        counts.cancelled, counts.completed, counts.failed
    );
    Ok(())
}
