//! Redis CPU per job and bytes per waiting job, in under a minute: `./dev bench quick`.
//!
//! Adds 200,000 jobs of 100 bytes from 1,000 tasks and runs them with a handler that does nothing,
//! in 100 slots, with nothing retained; batches form by themselves. Then weighs 100,000 waiting
//! jobs of 117 bytes. Timings are of this machine at this moment: compare ratios, not numbers.

#![allow(clippy::print_stdout, reason = "a program's output")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jobqueue::{
    Client, Context, Failure, Retain, State, Worker,
    handler::{Definition, Handler, Job},
};
use jobqueue_benches::Server;
use tokio::sync::Notify;

const JOBS: u64 = 200_000;
const PRODUCERS: u64 = 1_000;
const SLOTS: usize = 100;
const WEIGHED: u64 = 100_000;

/// Counts runs, and rings when all have been.
#[derive(Clone)]
struct Tally(Arc<(AtomicU64, Notify)>);

#[derive(Clone, Copy)]
struct Nothing;

impl Job for Nothing {
    type Payload = String;
    type Output = ();
    const DEFINITION: Definition = Definition::new("bench", "nothing").retain(Retain::none());
}

impl Handler for Nothing {
    async fn call(_payload: String, ctx: Context) -> Result<(), Failure> {
        use jobqueue::handler::FromContext as _;
        let tally = State::<Tally>::from_context(&ctx).await?;
        if tally.0.0.0.fetch_add(1, Ordering::Relaxed) + 1 == JOBS {
            tally.0.0.1.notify_one();
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    let client = Client::builder(&url).prefix("jq-bench").connect().await?;
    let mut server = Server::connect(&url).await?;
    client.queue("bench")?.obliterate().force().await?;
    client.queue("weighed")?.obliterate().force().await?;

    // The first calls load the scripts and open the connections.
    client.add(Nothing, payload(100)).await?;
    client.queue("bench")?.drain().await?;

    let added = add(&client, &mut server).await?;
    let run = process(&client, &mut server).await?;
    let bytes = weigh(&client, &mut server).await?;
    let cpu = (added + run).as_secs_f64() * 1e6 / JOBS as f64;
    println!("redis_cpu_us_per_job={cpu:.2}");
    println!("bytes_per_waiting_job={bytes}");
    Ok(())
}

/// MessagePack of a text is so many bytes as it has, and two.
fn payload(bytes: usize) -> String {
    "x".repeat(bytes - 2)
}

async fn add(client: &Client, server: &mut Server) -> Result<Duration, Box<dyn Error>> {
    server.reset().await?;
    let (cpu, began) = (server.cpu().await?, Instant::now());
    let mut producers = tokio::task::JoinSet::<jobqueue::Result<()>>::new();
    for _ in 0..PRODUCERS {
        let client = client.clone();
        producers.spawn(async move {
            for _ in 0..JOBS / PRODUCERS {
                client.add(Nothing, payload(100)).await?;
            }
            Ok(())
        });
    }
    while let Some(produced) = producers.join_next().await {
        produced??;
    }
    report("add", began.elapsed(), cpu, server).await
}

async fn process(client: &Client, server: &mut Server) -> Result<Duration, Box<dyn Error>> {
    let tally = Tally(Arc::default());
    let done = tally.clone();
    server.reset().await?;
    let (cpu, began) = (server.cpu().await?, Instant::now());
    let worker =
        Worker::builder(client).state(tally).handler(Nothing).concurrency(SLOTS).build()?;
    worker.run_until(async move { done.0.1.notified().await }).await?;
    let ran = report("process", began.elapsed(), cpu, server).await?;
    let counts = client.queue("bench")?.counts().await?;
    if counts.total_completed != JOBS || counts.waiting + counts.active + counts.completed != 0 {
        return Err(format!("not every job ran exactly once: {counts:?}").into());
    }
    Ok(ran)
}

/// Prints what a scenario has cost, and gives the server's CPU time.
async fn report(
    what: &str,
    took: Duration,
    before: Duration,
    server: &mut Server,
) -> Result<Duration, Box<dyn Error>> {
    let cpu = server.cpu().await? - before;
    let commands = server.commands().await?;
    let scripts: u64 =
        commands.iter().filter(|(name, ..)| name == "evalsha").map(|(_, calls, _)| calls).sum();
    println!(
        "{what}: {:.0} jobs/s, redis {:.2} us/job, {:.1} jobs a call",
        JOBS as f64 / took.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / JOBS as f64,
        JOBS as f64 / scripts as f64,
    );
    if std::env::args().any(|arg| arg == "--commands") {
        for (name, calls, usec) in commands.iter().take(20) {
            println!("  {name:<20} {calls:>9} calls {:>8.3} us/job", *usec as f64 / JOBS as f64);
        }
    }
    Ok(cpu)
}

async fn weigh(client: &Client, server: &mut Server) -> Result<u64, Box<dyn Error>> {
    let queue = client.queue("weighed")?;
    let before = server.memory().await?;
    queue
        .add_all("process_order", (0..WEIGHED).map(|_| payload(117)))
        .await
        .map_err(|e| e.error)?;
    let bytes = (server.memory().await? - before) / WEIGHED;
    queue.obliterate().await?;
    Ok(bytes)
}
