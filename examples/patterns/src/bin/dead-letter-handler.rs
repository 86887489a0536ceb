//! Orders whose last attempt fails go to a dead-letter queue, with the job, the error, the time and
//! the number of attempts; a handler there processes them.
//!
//! Replaces the BullMQ worker that catches its own errors, counts `job.attemptsMade` and on the
//! last attempt adds `failed-order` to `new Queue("orders-dlq")`. If it dies between that and its
//! `throw`, the dead letter exists and the job runs again. Here both are one atomic step.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{Failure, State, Worker, dead_letter::DeadLetter, job};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
}

#[job(queue = "orders", attempts = 3, backoff = fixed("10ms"), dead_letter = "orders-dlq")]
async fn process_order(order: Order) -> Result<(), Failure> {
    println!("processing order {}", order.id);
    Err(Failure::retry("the payment gateway is down"))
}

#[job(queue = "orders-dlq", name = "dead-letter")]
async fn failed_order(letter: DeadLetter, told: State<mpsc::Sender<()>>) -> Result<(), Failure> {
    let original: Order = letter.payload()?;
    // `letter.failed_at` says when; it is not printed, since it is another in every run.
    println!(
        "order {} failed after {} attempts: {}; {} before that",
        original.id,
        letter.failure.attempt,
        letter.failure.message,
        letter.errors.len(),
    );
    told.send(()).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    client.add(process_order, Order { id: 7 }).await?;
    let (tell, mut told) = mpsc::channel::<()>(1);
    let worker = Worker::builder(&client).handler(process_order).handler(failed_order).state(tell);
    // A service runs until SIGTERM: `worker.run()`.
    let done = async move {
        told.recv().await;
    };
    worker.build()?.run_until(done).await?;
    Ok(())
}
