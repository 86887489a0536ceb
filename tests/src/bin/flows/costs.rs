//! What children cost: in a flow of 100,000, in flows of 100, and against plain jobs, all of handlers
//! without options.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use jobqueue::{Client, Flow, Worker, flow::Inputs, job};
use jobqueue_tests::{
    held,
    report::{Played, Report},
    server::RedisServer,
};
use redis::cmd;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const LARGE: usize = 100_000;

const SMALL: usize = 100;

/// How many children of small flows.
const COMPARED: usize = 20_000;

/// How long a call may hold Redis, in µs.
const MOST: u64 = 10_000;

#[job(queue = "cost-children")]
async fn child(_: String) -> u32 {
    1
}

#[job(queue = "cost-plain")]
async fn plain(_: String) -> u32 {
    1
}

#[job(queue = "cost-parents")]
async fn parent(_: (), children: Inputs<Vec<u32>>) -> usize {
    children.len()
}

/// What each of many jobs cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// µs of the server's processor.
    cpu: f64,
    /// Commands that the server carried out, those of scripts among them; and from clients.
    commands: f64,
    calls: f64,
    /// Calls that held it for more than is asked, the longest in ms; and what each took on average, of
    /// the server's own processor time.
    slow: (usize, f64),
    own: f64,
    took: Duration,
}

struct Bench {
    server: RedisServer,
    client: Client,
}

fn payload(index: usize) -> String {
    format!("{index:0>98}")
}

impl Bench {
    async fn start() -> Result<Self, Failed> {
        let server = RedisServer::start();
        let client = Client::connect(&server.url()).await?;
        let worker = Worker::builder(&client)
            .handler(child)
            .handler(plain)
            .handler(parent)
            .concurrency(100)
            .build()?;
        tokio::spawn(worker.run_until(pending()));
        let bench = Self { server, client };
        // Scripts are loaded, and connections made.
        bench.flows(1, SMALL).await?;
        bench.plain(SMALL).await?;
        Ok(bench)
    }

    async fn flows(&self, flows: usize, children: usize) -> Result<(), Failed> {
        for flow in 0..flows {
            let flow = Flow::new(format!("flow-{children}-{flow}"));
            let children_of = flow.all(child, (0..children).map(payload));
            let root = flow.node(parent, ()).after(&children_of);
            let count = self.client.start(flow, root).await?.result().await?;
            if count != children {
                return Err(format!("{count} results of {children} children").into());
            }
        }
        Ok(())
    }

    async fn plain(&self, jobs: usize) -> Result<(), Failed> {
        let queue = self.client.queue("cost-plain")?;
        let before = queue.counts().await?.total_completed;
        for first in (0..jobs).step_by(SMALL * 10) {
            let some = first..jobs.min(first + SMALL * 10);
            self.client.add_all(plain, some.map(payload)).await?;
        }
        while queue.counts().await?.total_completed < before + jobs as u64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn info(&self, section: &str) -> Result<String, Failed> {
        Ok(cmd("INFO").arg(section).query(&mut self.server.connection())?)
    }

    fn cpu(&self) -> Result<f64, Failed> {
        Ok(held::processor_time(&mut self.server.connection())?.as_secs_f64())
    }

    /// All commands, and those of clients alone.
    fn commands(&self) -> Result<(u64, u64), Failed> {
        let (mut all, mut calls) = (0, 0);
        for line in self.info("commandstats")?.lines() {
            let Some((name, rest)) = line.split_once(":calls=") else { continue };
            let count: u64 = rest.split(',').next().unwrap_or_default().parse()?;
            all += count;
            if name == "cmdstat_evalsha" {
                calls += count;
            }
            if std::env::var_os("JOBQUEUE_COSTS").is_some() {
                eprintln!("{line}");
            }
        }
        Ok((all, calls))
    }

    async fn measure(
        &self,
        jobs: usize,
        work: impl AsyncFnOnce(&Self) -> Result<(), Failed>,
    ) -> Result<Cost, Failed> {
        held::listen(&mut self.server.connection(), MOST)?;
        let (cpu, began) = (self.cpu()?, Instant::now());
        work(self).await?;
        let (took, cpu) = (began.elapsed(), self.cpu()? - cpu);
        let (commands, calls) = self.commands()?;
        let each = |count: u64| count as f64 / jobs as f64;
        Ok(Cost {
            cpu: cpu * 1e6 / jobs as f64,
            commands: each(commands),
            calls: each(calls),
            slow: self.slow()?,
            own: cpu * 1e3 / calls.max(1) as f64,
            took,
        })
    }

    fn slow(&self) -> Result<(usize, f64), Failed> {
        let times = held::noted(&mut self.server.connection())?;
        let longest = times.iter().max().copied().unwrap_or_default();
        Ok((times.len(), longest as f64 / 1_000.0))
    }

    fn memory(&self) -> Result<f64, Failed> {
        let info = self.info("memory")?;
        let bytes = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|bytes| bytes.trim().parse::<f64>().ok()).unwrap_or_default()
        };
        Ok(bytes("used_memory:") - bytes("mem_clients_normal:"))
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu, commands, calls, took, .. } = self;
        write!(f, "{cpu:.1} µs, {commands:.2} commands, {calls:.3} calls, {:.1} s", took.as_secs_f64())
    }
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let bench = Bench::start().await?;
    let plain = bench.measure(LARGE, async |bench| bench.plain(LARGE).await).await?;
    let flows = COMPARED / SMALL;
    let small = bench.measure(COMPARED, async |bench| bench.flows(flows, SMALL).await).await?;
    let memory = bench.memory()?;
    let large = bench.measure(LARGE, async |bench| bench.flows(1, LARGE).await).await?;
    let kept = (bench.memory()? - memory) / LARGE as f64;
    let against = |cost: Cost, other: Cost| (cost.cpu / other.cpu, cost.commands / other.commands);
    let (cpu, commands) = against(large, small);
    report.check(
        "a child of 100,000 against one of 100",
        format!("{cpu:.2} times the processor, {commands:.2} the commands; {large} against {small}"),
        "at most 1.2 times",
        cpu <= 1.2 && commands <= 1.2,
    );
    let (cpu, commands) = against(large, plain);
    report.check(
        "a child of 100,000 against a plain job",
        format!("{cpu:.2} times the processor, {commands:.2} the commands; {large} against {plain}"),
        "at most 3 times",
        cpu <= 3.0,
    );
    // The slow log counts the time that other processes take from the server too.
    let ((above, most), own) = (large.slow, large.own);
    let calls = large.calls * LARGE as f64;
    report.check(
        "calls of more than 10 ms",
        format!("{above} of {calls:.0}, the longest {most:.1} ms, {own:.1} ms each of its own time"),
        "none; 1 in 100 may wait for other processes",
        own <= 5.0 && above as f64 * 100.0 <= calls,
    );
    report.check(
        "memory of a child that has ended, as long as its flow is kept",
        format!("{kept:.0} bytes of a payload of 100"),
        "at most 600",
        kept <= 600.0,
    );
    Ok(())
}
