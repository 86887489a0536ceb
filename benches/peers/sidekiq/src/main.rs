//! rusty-sidekiq. As its docs have it: a pool of connections as large as the number of workers. A
//! job is popped before it runs, so a crash loses it: at most once.

use async_trait::async_trait;
use jobqueue_bench_peer::{Hello, NewJob, Peer, Result, Tally, Work, locked_version};
use sidekiq::{Processor, ProcessorConfig, RedisConnectionManager, RedisPool, Worker};

struct Sidekiq {
    url: String,
    pool: RedisPool,
}

struct Job(Tally);

#[async_trait]
impl Worker<String> for Job {
    async fn perform(&self, payload: String) -> sidekiq::Result<()> {
        let _ = self.0.run(&payload);
        Ok(())
    }
}

async fn pool(url: &str, size: u32) -> Result<RedisPool> {
    Ok(bb8::Pool::builder().max_size(size).build(RedisConnectionManager::new(url)?).await?)
}

impl Peer for Sidekiq {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self { url: url.to_owned(), pool: pool(url, 100).await? })
    }

    fn hello(&self) -> Hello {
        // A failed job waits 15 s and more; scheduled ones are looked for every few seconds.
        let version = locked_version(include_str!("../../Cargo.lock"), "rusty-sidekiq");
        Hello::new(version, &["bulk", "keep", "fail_once", "priorities", "due"])
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        Job::perform_async(&self.pool, job.payload).await?;
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        for job in jobs {
            self.add(job).await?;
        }
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let pool = pool(&self.url, u32::try_from(work.slots)? + 5).await?;
        let config = ProcessorConfig::default().num_workers(work.slots);
        let mut processor = Processor::new(pool, vec!["default".to_owned()]).with_config(config);
        processor.register(Job(work.tally));
        let stop = processor.get_cancellation_token();
        let running = tokio::spawn(processor.run());
        work.stop.cancelled().await;
        stop.cancel();
        // Its workers each wait out a call of 2 s that waits for work. Nothing is left to run, so
        // we don't.
        running.abort();
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<Sidekiq>().await
}
