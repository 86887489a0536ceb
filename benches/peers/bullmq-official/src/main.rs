//! BullMQ's official port to Rust. As its docs have it: jobs are removed when completed,
//! concurrency by the worker's option, many jobs by `add_bulk`.

use bullmq::{
    BulkJob, Job, JobOptions, Queue, QueueOptions, Worker, WorkerOptions,
    options::RedisConnectionOptions, types::RemoveOnFinish, worker::CancellationToken,
};
use jobqueue_bench_peer::{Hello, Kind, NewJob, Peer, Result, Work, locked_version};

struct Official {
    queue: Queue,
    url: String,
}

fn options(job: &NewJob) -> JobOptions {
    let mut options = JobOptions { delay: job.delay_ms(), ..JobOptions::default() };
    match job.kind {
        Kind::FailOnce => options.attempts = Some(2),
        Kind::Priorities => options.priority = Some(u32::try_from(job.index % 5).unwrap_or(0)),
        Kind::Plain | Kind::Due { .. } => {}
    }
    options
}

impl Peer for Official {
    async fn connect(url: &str) -> Result<Self> {
        let options = QueueOptions::new().connection(RedisConnectionOptions::new().url(url));
        Ok(Self { queue: Queue::with_options("bench", options).await?, url: url.to_owned() })
    }

    fn hello(&self) -> Hello {
        let version = locked_version(include_str!("../../Cargo.lock"), "bullmq-official");
        Hello::new(version, &[])
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        let options = options(&job);
        self.queue.add("job", job.payload).options(options).await?;
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        let jobs = jobs.into_iter().map(|job| {
            let options = options(&job);
            BulkJob::new("job", job.payload).options(options)
        });
        self.queue.add_bulk(jobs.collect()).await?;
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let tally = work.tally;
        let run = move |job: Job, _: CancellationToken| {
            let tally = tally.clone();
            async move {
                if tally.run(job.data().as_str().unwrap_or_default()) {
                    Ok(serde_json::Value::Null)
                } else {
                    Err(bullmq::Error::ProcessingError("the first run fails".to_owned()))
                }
            }
        };
        let keep = match work.keep {
            0 => RemoveOnFinish::Bool(true),
            -1 => RemoveOnFinish::Bool(false),
            count => RemoveOnFinish::Count(usize::try_from(count)?),
        };
        let options = WorkerOptions {
            connection: RedisConnectionOptions::new().url(&self.url),
            concurrency: work.slots,
            remove_on_complete: Some(keep),
            // Only for how long its end takes: it waits for the call that waits for work.
            drain_delay: 1,
            ..WorkerOptions::default()
        };
        let worker = Worker::with_options("bench", run, options).await?;
        work.stop.cancelled().await;
        worker.close(5_000).await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<Official>().await
}
