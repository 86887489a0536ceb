//! Adding and processing through the library: in memory, in folders, and on redis-server over
//! loopback, in turns.

use std::time::{Duration, Instant};

use jobqueue::{Client, Worker};
use jobqueue_tests::{folder::SharedFolder, server::RedisServer};
use tokio::task::JoinSet;

use super::{
    Played, Report, number,
    sums::{Tally, nothing, payload},
};

const PRODUCERS: u64 = 1_000;
const SLOTS: usize = 100;
const ROUNDS: usize = 3;

/// How many times as fast as redis-server the server in memory is to be.
const FACTOR: f64 = 1.5;

pub(crate) async fn play(report: &mut Report) -> Played {
    let jobs = number("SPEED", 200_000) as u64;
    let server = RedisServer::start();
    let folders = ["always", "everysec", "no"].map(|sync| (sync, SharedFolder::new()));
    let mut places = vec![
        ("redis-server".to_owned(), server.url(), Vec::new()),
        ("embedded:".to_owned(), "embedded:".to_owned(), Vec::new()),
    ];
    for (sync, folder) in &folders {
        let url = format!("embedded:{}?sync={sync}", folder.path().display());
        places.push((format!("embedded:/path?sync={sync}"), url, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for (_, url, rates) in &mut places {
            let before = cpu_of(std::process::id())? + cpu_of(server.pid())?;
            let mut rate = rate(url, jobs).await?;
            let after = cpu_of(std::process::id())? + cpu_of(server.pid())?;
            rate.cpu = (after - before) / jobs as f64;
            rates.push(rate);
        }
    }
    let median = |rates: &[Rates]| {
        let mut rates = rates.to_vec();
        rates.sort_by(|a, b| a.both.total_cmp(&b.both));
        rates[rates.len() / 2]
    };
    let redis = median(&places[0].2).both;
    for (name, _, rates) in &places {
        let Rates { add, process, both, cpu } = median(rates);
        let times = both / redis;
        let figure = format!(
            "{both:.0} jobs/s, {times:.2} times redis-server's (add {add:.0}, process {process:.0}; \
             CPU {cpu:.1} µs a job in all processes)"
        );
        let (asked, passed) = match name.as_str() {
            "embedded:" => (format!("at least {FACTOR} times"), times >= FACTOR),
            _ => ("a figure".to_owned(), true),
        };
        report.check(&format!("add and process on {name}"), figure, asked, passed);
    }
    Ok(())
}

/// Jobs a second.
#[derive(Clone, Copy)]
struct Rates {
    add: f64,
    process: f64,
    both: f64,
    /// Of this process and the server, in µs a job.
    cpu: f64,
}

async fn rate(url: &str, jobs: u64) -> Result<Rates, Box<dyn std::error::Error + Send + Sync>> {
    let client = Client::connect(url).await?;
    // The first calls load the scripts and open the connections.
    client.add(nothing, payload(100)).await?;
    client.queue("sums")?.drain().await?;
    let adding = add(&client, jobs).await?;
    let tally = Tally::of(jobs);
    let worker = Worker::builder(&client).handler(nothing).state(tally.clone());
    let began = Instant::now();
    worker.concurrency(SLOTS).build()?.run_until(tally.all()).await?;
    let processing = began.elapsed();
    client.queue("sums")?.obliterate().force().await?;
    let rate = |time: Duration| jobs as f64 / time.as_secs_f64();
    Ok(Rates {
        add: rate(adding),
        process: rate(processing),
        both: rate(adding + processing),
        cpu: 0.0,
    })
}

/// The CPU time that a process has used, user and system, in µs.
fn cpu_of(process: u32) -> Result<f64, Box<dyn std::error::Error + Send + Sync>> {
    /// In a second; the same on all Linux.
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may have blanks: state is the first, and these the 12th and 13th.
    let fields = text.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|it| it.parse::<f64>().ok()).sum::<f64>();
    Ok(ticks * 1e6 / TICKS)
}

async fn add(
    client: &Client,
    jobs: u64,
) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
    let began = Instant::now();
    let mut producers = JoinSet::<jobqueue::Result<()>>::new();
    for _ in 0..PRODUCERS {
        let client = client.clone();
        producers.spawn(async move {
            for _ in 0..jobs / PRODUCERS {
                client.add(nothing, payload(100)).await?;
            }
            Ok(())
        });
    }
    while let Some(produced) = producers.join_next().await {
        produced??;
    }
    Ok(began.elapsed())
}
