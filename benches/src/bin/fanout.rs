//! Fan-out: what it costs to tell ten queues of an event: `./dev bench fanout`.
//!
//! Publishes events to a topic with ten bound queues and waits until every copy stands in its
//! queue; BullMQ adds each event ten times, in its fastest way, bulks of 1,000 to all queues at
//! once. In turns, on one emptied server. Then the median time of one publish with a hundred
//! bindings against one plain add, one after another. Payloads are texts of 100 bytes. Timings are
//! of this machine at this moment: compare ratios, not numbers.

#![allow(clippy::print_stdout, reason = "a program's output")]

use std::{
    error::Error,
    process::Command,
    time::{Duration, Instant},
};

use jobqueue::{Client, Retain};
use jobqueue_benches::Server;
use tokio::time::sleep;

/// How many queues are bound when it is about throughput, and about latency.
const QUEUES: usize = 10;
const BINDINGS: usize = 100;

/// How many publishes and adds are timed one by one.
const TIMED: usize = 1_000;

/// How often the copies are counted.
const TICK: Duration = Duration::from_millis(5);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `--name value`.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let events = option("--events").map_or(Ok(100_000), |text| text.parse())?;
    let rounds = option("--rounds").map_or(Ok(3), |text| text.parse::<usize>())?;
    let peer = option("--bullmq");
    let (mut server, url) = Server::claim().await?;
    let mut ratios = Vec::new();
    for round in 1..=rounds {
        server.empty().await?;
        let (ours, cpu) = fan_out(&url, &mut server, events).await?;
        println!("round {round}: jobqueue {ours:.0} messages/s, redis {cpu:.2} us/message");
        if let Some(peer) = &peer {
            server.empty().await?;
            let theirs = bullmq(peer, &url, events)?;
            println!("round {round}: bullmq {theirs:.0} messages/s");
            ratios.push(ours / theirs);
        }
    }
    server.empty().await?;
    latency(&url).await?;
    server.empty().await?;
    if !ratios.is_empty() {
        ratios.sort_by(f64::total_cmp);
        println!("fanout_ratio={:.2}", ratios[ratios.len() / 2]);
    }
    Ok(())
}

/// Binds queues to a topic, and answers their names.
async fn bound(client: &Client, topic: &str, count: usize) -> Outcome<Vec<String>> {
    let names: Vec<String> = (0..count).map(|at| format!("{topic}-{at}")).collect();
    for name in &names {
        client.topic(topic)?.bind(name, "user.*").await?;
    }
    Ok(names)
}

/// Waits until so many jobs were added to each queue.
async fn filled(client: &Client, names: &[String], count: u64) -> Outcome<()> {
    for name in names {
        let queue = client.queue(name)?;
        while queue.counts().await?.total_added < count {
            sleep(TICK).await;
        }
    }
    Ok(())
}

/// Messages per second until all copies stand in their queues, and the server's CPU time for each
/// in µs.
async fn fan_out(url: &str, server: &mut Server, events: u64) -> Outcome<(f64, f64)> {
    let client = Client::connect(url).await?;
    let names = bound(&client, "fan", QUEUES).await?;
    client.publish("fan", "user.created", payload(0)).await?;
    filled(&client, &names, 1).await?;
    server.reset().await?;
    let (cpu, began) = (server.cpu().await?, Instant::now());
    let published = client.publish_all("fan", "user.created", (1..=events).map(payload)).await?;
    let acknowledged = began.elapsed();
    filled(&client, &names, events + 1).await?;
    let (took, messages) = (began.elapsed(), events as f64 * QUEUES as f64);
    let cpu = server.cpu().await? - cpu;
    if published.iter().any(|receipt| receipt.targets() != QUEUES) {
        return Err("not every message went to every queue".into());
    }
    println!("  published in {acknowledged:.2?}, delivered in {took:.2?}");
    if std::env::args().any(|argument| argument == "--commands") {
        for (name, calls, usec) in server.commands().await?.iter().take(20) {
            println!("  {name:<20} {calls:>9} calls {:>8.3} us/message", *usec as f64 / messages);
        }
    }
    Ok((messages / took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / messages))
}

/// BullMQ's messages per second.
fn bullmq(script: &str, url: &str, events: u64) -> Outcome<f64> {
    let mut node = Command::new("node");
    node.arg(script).arg(events.to_string()).arg(QUEUES.to_string()).env("REDIS_URL", url);
    let output = node.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let seconds: f64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(events as f64 * QUEUES as f64 / seconds)
}

/// One publish with a hundred bindings against one plain add, one after another.
async fn latency(url: &str) -> Outcome<()> {
    let client = Client::connect(url).await?;
    let names = bound(&client, "wide", BINDINGS).await?;
    let plain = client.queue("plain")?;
    for _ in 0..100 {
        plain.add("warm-up", &payload(0)).retain(Retain::none()).await?;
        client.publish("wide", "user.created", payload(0)).await?;
    }
    filled(&client, &names, 100).await?;
    let mut adds = Vec::with_capacity(TIMED);
    for at in 0..TIMED as u64 {
        let began = Instant::now();
        plain.add("plain", &payload(at)).await?;
        adds.push(began.elapsed());
    }
    let mut publishes = Vec::with_capacity(TIMED);
    for at in 0..TIMED as u64 {
        let began = Instant::now();
        client.publish("wide", "user.created", payload(at)).await?;
        publishes.push(began.elapsed());
    }
    filled(&client, &names, 100 + TIMED as u64).await?;
    let (add, publish) = (median(adds), median(publishes));
    println!("add {add:.0?}, publish with {BINDINGS} bindings {publish:.0?} (medians)");
    println!("publish_100_bindings_ratio={:.2}", publish.as_secs_f64() / add.as_secs_f64());
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn payload(index: u64) -> String {
    format!("{index:0>98}")
}
