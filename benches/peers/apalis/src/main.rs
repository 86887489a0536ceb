//! apalis with apalis-redis. As its docs have it: `parallelize(tokio::spawn)` and a batch size as
//! large as the concurrency. It has no way to remove a job when it completes: whatever is asked, it
//! keeps all.

use std::{
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
};

use apalis::prelude::{
    BoxDynError, Data, ParallelizeExt as _, TaskBuilder, TaskSink as _, WorkerBuilder,
    WorkerBuilderExt as _,
};
use apalis_redis::{Config, RedisStorage};
use futures_util::FutureExt as _;
use jobqueue_bench_peer::{Hello, NewJob, Peer, Result, Tally, Work, locked_version};

struct Apalis {
    storage: RedisStorage<String>,
    workers: AtomicU64,
}

async fn run(payload: String, tally: Data<Tally>) -> Result<(), BoxDynError> {
    if tally.run(&payload) { Ok(()) } else { Err("the first run fails".into()) }
}

impl Peer for Apalis {
    async fn connect(url: &str) -> Result<Self> {
        let connection = apalis_redis::connect(url).await?;
        let storage = RedisStorage::new(connection).with_config(Config::default().queue("bench"));
        Ok(Self { storage, workers: AtomicU64::new(0) })
    }

    fn hello(&self) -> Hello {
        // Delays are whole seconds; a failed job waits at least one; priorities are not looked at.
        let version = locked_version(include_str!("../../Cargo.lock"), "apalis-redis");
        Hello::new(version, &["keep", "fail_once", "priorities", "due"])
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        self.storage.clone().push_task(TaskBuilder::new(job.payload).build()).await?;
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        let payloads = jobs.into_iter().map(|job| job.payload).collect();
        self.storage.clone().push_bulk(payloads).await?;
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let name =
            format!("{}-{}", std::process::id(), self.workers.fetch_add(1, Ordering::Relaxed));
        let config = Config::default().queue("bench").batch_size(work.slots);
        let storage = self.storage.clone().with_config(config);
        run_worker(name, storage, work).await
    }
}

/// Boxed, since the compiler can't prove the future to be `Send` inside of another.
fn run_worker(
    name: String,
    storage: RedisStorage<String>,
    work: Work,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
    let stop = work.stop;
    let running = WorkerBuilder::new(name)
        .backend(storage)
        .data(work.tally)
        .concurrency(work.slots)
        .parallelize(tokio::spawn)
        .build(run)
        .run_until(async move {
            stop.cancelled().await;
            std::io::Result::Ok(())
        });
    Box::pin(running.map(|ended| Ok(ended?)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<Apalis>().await
}
