//! An idempotent consumer of orders: five at once, ten a second, and each order is processed once,
//! however often it is delivered.
//!
//! Replaces the BullMQ worker with its check in `db.processedEvents` before and its record after
//! processing, `concurrency: 5`, `limiter: { max: 10, duration: 1000 }` and
//! `worker.on("failed", …)`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use jobqueue::{Context, Failure, Rate, State, Worker, job, telemetry::WorkerEvent};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
}

/// How many orders were confirmed, in place of a database.
#[derive(Clone, Default)]
struct Confirmed(Arc<AtomicU32>);

// The whole handler runs once for a job: its result is recorded under the job's id for a day.
#[job(queue = "orders", name = "process-order", attempts = 1, idempotent)]
async fn process_order(order: Order, confirmed: State<Confirmed>) -> Result<String, Failure> {
    if order.id == 13 {
        return Err(Failure::permanent("there is no order 13"));
    }
    confirmed.0.0.fetch_add(1, Ordering::Relaxed);
    Ok(format!("receipt for order {}", order.id))
}

// Or a part of it: the charge is an effect of its own, under a key that both deliveries know.
#[job(queue = "orders", attempts = 2, backoff = fixed("1ms"))]
async fn charge_and_mail(order: Order, ctx: Context) -> Result<String, Failure> {
    let charge = async {
        println!("order {} is charged", order.id);
        Ok::<_, Failure>(format!("charge of order {}", order.id))
    };
    let charge = ctx.once(format!("charge-{}", order.id), charge).await?;
    if ctx.attempt() == 1 {
        return Err(Failure::retry("the mail server is down"));
    }
    Ok(format!("{charge}, mailed at attempt {}", ctx.attempt()))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let confirmed = Confirmed::default();
    let worker = Worker::builder(&client)
        .handler(process_order)
        .handler(charge_and_mail)
        .state(confirmed.clone())
        .concurrency(5)
        .queue_rate(Rate::new(10, Duration::from_secs(1)).burst(10))
        .build()?;
    let handle = worker.handle();
    let mut events = handle.events();
    let failed = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let WorkerEvent::Failed { id, failure } = event {
                return format!("job {id} failed: {}", failure.message);
            }
        }
        "the worker ended without a failed job".to_owned()
    });
    let working = tokio::spawn(worker.run());

    for delivery in 1..=3 {
        // The same event, delivered again after its job was done and gone.
        let job = client.add(process_order, Order { id: 7 }).id("event-7").await?;
        println!("delivery {delivery}: {}", job.result().await?);
        job.remove().await?;
    }
    println!("confirmed: {}", confirmed.0.load(Ordering::Relaxed));
    let job = client.add(charge_and_mail, Order { id: 8 }).await?;
    println!("{}", job.result().await?);
    client.add(process_order, Order { id: 13 }).id("event-13").await?;
    println!("{}", failed.await?);

    handle.stop(Duration::from_secs(5));
    working.await??;
    Ok(())
}
