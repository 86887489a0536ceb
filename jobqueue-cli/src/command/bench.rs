//! `jobqueue bench`: how fast jobs are added and run on this server.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use jobqueue::{Client, Queue, Retain, Worker, job, types::CancellationToken};
use serde::Serialize;
use tokio::time::sleep;

use crate::{
    cpu::Cpu,
    exit::{Exit, Told},
    output::{counted, rate},
    session::Session,
};

/// The queue that is made for it, and removed.
const QUEUE: &str = "jobqueue-bench";

/// How many jobs one add takes.
const BATCH: usize = 1_000;

/// How often it looks how far the worker is.
const LOOK: Duration = Duration::from_millis(20);

/// Measures how fast jobs are added and run, and what they cost Redis.
///
/// It adds jobs that do nothing to a queue of its own, `jobqueue-bench`, runs them in this process, and
/// removes the queue.
#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// How many jobs.
    #[arg(long, short = 'n', default_value_t = 10_000,
          value_parser = value_parser!(u64).range(1..=10_000_000))]
    jobs: u64,
    /// How many bytes each carries.
    #[arg(long, value_name = "BYTES", default_value_t = 100,
          value_parser = value_parser!(u32).range(..=1_000_000))]
    payload: u32,
    /// How many run at once.
    #[arg(long, value_name = "JOBS", default_value_t = 100,
          value_parser = value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
}

/// What was measured.
#[derive(Clone, Copy, Debug, Serialize)]
struct Phase {
    jobs: u64,
    seconds: f64,
    jobs_per_second: f64,
    /// Of Redis, a job. None where that can't be asked.
    redis_cpu_us: Option<f64>,
}

#[derive(Debug, Serialize)]
struct BenchView {
    add: Phase,
    run: Phase,
}

#[job(queue = "jobqueue-bench")]
async fn nothing(payload: String) {
    drop(payload);
}

impl Bench {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let client = session.client().await?;
        let queue = client.queue(QUEUE)?;
        if queue.exists().await? {
            return Err(Told::error(
                Exit::Refused,
                format_args!(
                    "there is a queue {QUEUE}: another bench runs, or one was killed, and \
                     `jobqueue obliterate {QUEUE}` removes what it left"
                ),
            ));
        }
        let stop = session.stop.take_note();
        let measured = self.measure(session, &queue, &stop).await;
        queue.obliterate().force().await?;
        let Some(view) = measured? else { return Ok(Exit::CutOff) };
        if session.out.json {
            session.out.json(&view)?;
        } else {
            session.out.say(text("add", &view.add))?;
            session.out.say(text("run", &view.run))?;
        }
        Ok(Exit::Done)
    }

    /// None if it was stopped.
    async fn measure(
        &self,
        session: &Session,
        queue: &Queue,
        stop: &CancellationToken,
    ) -> Result<Option<BenchView>> {
        let (client, mut cpu) = (session.client().await?, Cpu::of(&session.server.url).await);
        let bar = ProgressBar::new(2 * self.jobs);
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {msg}  {eta} left") {
            bar.set_style(style.progress_chars("█▌░"));
        }
        let meter = Meter::start(&mut cpu, self.jobs).await;
        bar.set_message("adding");
        if !self.add(client, &bar, stop).await? {
            return Ok(None);
        }
        let add = meter.end(&mut cpu).await;
        let meter = Meter::start(&mut cpu, self.jobs).await;
        bar.set_message("running");
        if !self.work(client, queue, &bar, stop).await? {
            return Ok(None);
        }
        let run = meter.end(&mut cpu).await;
        bar.finish_and_clear();
        Ok(Some(BenchView { add, run }))
    }

    async fn add(
        &self,
        client: &Client,
        bar: &ProgressBar,
        stop: &CancellationToken,
    ) -> Result<bool> {
        let payload = "x".repeat(self.payload as usize);
        let mut left = self.jobs;
        while left > 0 {
            if stop.is_cancelled() {
                return Ok(false);
            }
            let count = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
            let payloads = std::iter::repeat_n(payload.clone(), count);
            client.add_all(nothing, payloads).await.map_err(jobqueue::Error::from)?;
            left -= count as u64;
            bar.inc(count as u64);
        }
        Ok(true)
    }

    async fn work(
        &self,
        client: &Client,
        queue: &Queue,
        bar: &ProgressBar,
        stop: &CancellationToken,
    ) -> Result<bool> {
        let worker = Worker::builder(client)
            .handler(nothing)
            .concurrency(self.concurrency as usize)
            .retain(Retain::none())
            .build()?;
        let over = CancellationToken::new();
        let running = tokio::spawn(worker.run_until(over.clone().cancelled_owned()));
        let mut done = 0;
        while done < self.jobs && !stop.is_cancelled() && !running.is_finished() {
            sleep(LOOK).await;
            let counts = queue.counts().await?;
            done = counts.total_completed + counts.total_failed;
            bar.set_position(self.jobs + done);
        }
        over.cancel();
        running.await??;
        Ok(done >= self.jobs)
    }
}

/// A phase that is being measured.
struct Meter {
    jobs: u64,
    began: Instant,
    cpu_before: Option<Duration>,
}

impl Meter {
    async fn start(cpu: &mut Cpu, jobs: u64) -> Self {
        let cpu_before = cpu.used().await;
        Self { jobs, began: Instant::now(), cpu_before }
    }

    async fn end(self, cpu: &mut Cpu) -> Phase {
        let seconds = self.began.elapsed().as_secs_f64();
        let used = cpu.used().await.zip(self.cpu_before).map(|(after, before)| after - before);
        #[expect(clippy::cast_precision_loss, reason = "ten million at most")]
        let jobs = self.jobs as f64;
        Phase {
            jobs: self.jobs,
            seconds,
            jobs_per_second: jobs / seconds,
            redis_cpu_us: used.map(|used| used.as_secs_f64() * 1e6 / jobs),
        }
    }
}

fn text(what: &str, phase: &Phase) -> String {
    let cpu = phase.redis_cpu_us.map(|us| format!("  {us:.1} µs of Redis a job"));
    format!(
        "{what}  {} in {:.1} s  {}/s{}",
        counted(phase.jobs, "job"),
        phase.seconds,
        rate(phase.jobs_per_second),
        cpu.unwrap_or_default()
    )
}
