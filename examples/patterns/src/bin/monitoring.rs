//! Queue depth, consumer lag, the size of the dead-letter queue, and the duration of runs: for
//! Prometheus, over HTTP.
//!
//! Replaces "Monitoring on queue depth, consumer lag, and DLQ size" of the checklist, for which the
//! BullMQ code has only the log lines of `worker.on("completed", …)` and `worker.on("failed", …)`.

#![expect(clippy::print_stdout, reason = "a program that says what it sees")]

use std::{future::pending, time::Duration};

use jobqueue::{DurationExt, Failure, Worker, job};
use jobqueue_patterns::endpoint;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

#[job(queue = "orders", name = "process-order", dead_letter = "orders-dlq")]
async fn process_order(order: u64) -> Result<(), Failure> {
    if order == 3 {
        return Err(Failure::permanent("order 3 has no address"));
    }
    Ok(())
}

/// What of the page is the same each time; the rest is ages, and how long things took.
const SHOWN: [&str; 8] = [
    "jobqueue_jobs{",
    "jobqueue_workers{",
    "jobqueue_effects{",
    "jobqueue_added_total{",
    "jobqueue_completed_total{",
    "jobqueue_failed_total{",
    "jobqueue_wait_seconds_count{",
    "jobqueue_run_seconds_count{",
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let (orders, dead) = (client.queue("orders")?, client.dead_letters("orders-dlq")?);

    // A page about two queues, as Prometheus would find it at http://127.0.0.1:<port>/metrics.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(endpoint::serve(listener, vec![orders.clone(), dead.queue().clone()]));

    // Five orders, one of which can't be processed.
    let worker = Worker::builder(&client).handler(process_order).build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run_until(pending()));
    for job in client.add_all(process_order, 1..=5).await? {
        let _ = job.result().await;
    }
    dead.wait_for(1).await?;
    // Workers tell what they have observed every five seconds, and when they end.
    handle.stop(Duration::from_secs(10));
    working.await??;

    // And three for which there is no worker: a backlog.
    client.add_all(process_order, [6, 7]).await?;
    client.add(process_order, 8).delay(1.hours()).await?;

    for line in scrape(address).await?.lines() {
        if SHOWN.iter().any(|name| line.starts_with(name)) {
            println!("{line}");
        }
    }

    // The same as values.
    let stats = orders.stats().await?;
    let behind = stats.lag() < Duration::from_secs(60);
    println!("{} orders wait, behind by less than a minute: {behind}", stats.counts.waiting);
    println!("{} letter to look at", dead.stats().await?.counts.waiting);
    Ok(())
}

/// What a scraper does.
async fn scrape(address: std::net::SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut page = String::new();
    stream.read_to_string(&mut page).await?;
    Ok(page)
}
