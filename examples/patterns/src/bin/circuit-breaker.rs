//! A circuit breaker: while the payment gateway is down, its jobs wait, and one of them probes.
//!
//! Replaces the retries of `attempts: 5, backoff: { type: "exponential", delay: 1000 }` that all
//! jobs would waste on a service that is down. Here an open breaker costs no attempt.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jobqueue::{Failure, State, Worker, job, retry::ErrorClass, telemetry::WorkerEvent};

/// Whether the gateway is up.
type Gateway = Arc<AtomicBool>;

#[job(
    queue = "payments",
    attempts = 5,
    concurrency = 1,
    backoff = fixed("1ms"),
    breaker = after(3, pause = "1s", max = "10s")
)]
async fn charge(order: u64, gateway: State<Gateway>) -> Result<String, Failure> {
    if gateway.load(Ordering::Relaxed) {
        Ok(format!("order {order} is charged"))
    } else {
        Err(Failure::classified(ErrorClass::Transient, "the gateway is down"))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let gateway = Gateway::default();
    let worker = Worker::builder(&client).handler(charge).state(gateway.clone()).build()?;
    let handle = worker.handle();
    let mut events = handle.events();
    let working = tokio::spawn(worker.run());

    let jobs = client.add_all(charge, 1..=20).await?;
    while let Some(event) = events.next().await {
        match event {
            WorkerEvent::BreakerOpened { name, pause, .. } => {
                println!("{name} has failed too often: its jobs wait for {pause:?}");
                gateway.store(true, Ordering::Relaxed);
            }
            WorkerEvent::BreakerClosed { name, .. } => {
                println!("{name} is well again");
                break;
            }
            _ => {}
        }
    }
    for job in &jobs {
        println!("{}", job.result().await?);
    }
    handle.stop(Duration::from_secs(5));
    working.await??;
    Ok(())
}
