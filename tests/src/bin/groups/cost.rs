//! What a job of a group costs, for few and for many groups, against one without.

use std::{env, future::pending, time::Duration};

use jobqueue::{Client, Queue, Worker, job};
use jobqueue_tests::{
    held,
    report::{Played, Report},
    server::RedisServer,
};
use serde::{Deserialize, Serialize};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How many jobs, unless `JOBQUEUE_JOBS` says.
const JOBS: usize = 1_000_000;

/// How often each is measured. The medians count.
const ROUNDS: usize = 3;

#[derive(Serialize, Deserialize)]
struct Work {
    tenant: Option<u32>,
    rest: String,
}

#[job(queue = "cost", group = "work.tenant")]
async fn work(work: Work) -> u32 {
    work.tenant.unwrap_or_default()
}

/// What each of many jobs cost: µs of the server's processor to add one and to process it, its
/// commands, and its bytes while it waits.
#[derive(Clone, Copy, Debug)]
struct Cost {
    add: f64,
    process: f64,
    commands: f64,
    bytes: f64,
}

impl Cost {
    fn both(self) -> f64 {
        self.add + self.process
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { add, process, commands, bytes } = self;
        write!(f, "{add:.2} + {process:.2} µs, {commands:.2} commands, {bytes:.0} bytes")
    }
}

struct Bench {
    server: RedisServer,
    client: Client,
    queue: Queue,
    jobs: usize,
}

impl Bench {
    async fn start(jobs: usize) -> Result<Self, Failed> {
        let server = RedisServer::start();
        let client = Client::connect(&server.url()).await?;
        let queue = client.queue("cost")?;
        Ok(Self { server, client, queue, jobs })
    }

    /// Adds jobs of so many groups in turn, or of none, and lets a worker run them.
    async fn run(&self, groups: Option<usize>) -> Result<Cost, Failed> {
        let memory = self.info("memory", "used_memory:")?;
        let (cpu, commands) = (self.cpu()?, self.info("stats", "total_commands_processed:")?);
        for first in (0..self.jobs).step_by(1_000) {
            let some = first..self.jobs.min(first + 1_000);
            let some = some.map(|n| Work {
                tenant: groups.and_then(|groups| u32::try_from(n % groups).ok()),
                rest: "x".repeat(90),
            });
            self.client.add_all(work, some).await?;
        }
        let added = self.cpu()? - cpu;
        let bytes = self.info("memory", "used_memory:")? - memory;
        let before = self.queue.counts().await?.total_completed;
        let cpu = self.cpu()?;
        let worker = Worker::builder(&self.client).handler(work).concurrency(100).build()?;
        let handle = worker.handle();
        let running = tokio::spawn(worker.run_until(pending()));
        while self.queue.counts().await?.total_completed < before + self.jobs as u64 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let processed = self.cpu()? - cpu;
        handle.stop(Duration::from_secs(10));
        running.await??;
        let commands = self.info("stats", "total_commands_processed:")? - commands;
        let each = |all: f64| all / self.jobs as f64;
        Ok(Cost {
            add: each(added * 1e6),
            process: each(processed * 1e6),
            commands: each(commands),
            bytes: each(bytes),
        })
    }

    fn info(&self, section: &str, name: &str) -> Result<f64, Failed> {
        let figure = held::figure(&mut self.server.connection(), section, name)?;
        Ok(figure.ok_or_else(|| format!("INFO has no {name}"))?)
    }

    fn cpu(&self) -> Result<f64, Failed> {
        Ok(held::processor_time(&mut self.server.connection())?.as_secs_f64())
    }
}

fn median(costs: &[Cost]) -> Cost {
    let mut costs = costs.to_vec();
    costs.sort_by(|one, other| one.both().total_cmp(&other.both()));
    costs[costs.len() / 2]
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let jobs = env::var("JOBQUEUE_JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(JOBS);
    let kinds = [None, Some(10), Some(10_000), Some(1_000_000)];
    let mut costs = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        for (kind, costs) in kinds.iter().zip(&mut costs) {
            costs.push(Bench::start(jobs).await?.run(*kind).await?);
        }
    }
    let [plain, few, many, most] = costs.map(|costs| median(&costs));
    for (what, cost) in [("10 groups", few), ("10,000", many), ("1,000,000", most)] {
        let times = cost.both() / plain.both();
        report.check(
            &format!("a job of a group against a plain one, {what}"),
            format!("{times:.2} times the processor; {cost} against {plain}"),
            "at most 1.5 times",
            times <= 1.5,
        );
    }
    let all = [few.both(), many.both(), most.both()];
    let spread = all.iter().copied().fold(0.0, f64::max) / all.iter().copied().fold(f64::MAX, f64::min);
    report.check("the dearest of these against the cheapest", format!("{spread:.2}"), "at most 1.2", spread <= 1.2);
    Ok(())
}
