//! ChasquiMQ, which needs Redis 8.6. As its docs have it: many jobs by `add_bulk`, acknowledgements
//! in batches, which is its default.

use chasquimq::{Consumer, ConsumerConfig, HandlerError, Job, Producer, ProducerConfig};
use jobqueue_bench_peer::{Hello, NewJob, Peer, Result, Work, locked_version};

struct Chasqui {
    producer: Producer<String>,
    url: String,
}

impl Peer for Chasqui {
    async fn connect(url: &str) -> Result<Self> {
        let config = ProducerConfig { queue_name: "bench".into(), ..ProducerConfig::default() };
        Ok(Self { producer: Producer::connect(url, config).await?, url: url.to_owned() })
    }

    fn hello(&self) -> Hello {
        // Retries wait 100 ms at the least as it is set up by default; there are no priorities.
        let version = locked_version(include_str!("../../Cargo.lock"), "chasquimq");
        Hello::new(version, &["keep", "fail_once", "priorities"])
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        match job.delay_ms() {
            Some(delay) => {
                let delay = std::time::Duration::from_millis(delay);
                self.producer.add_in(delay, job.payload).await?;
            }
            None => {
                self.producer.add(job.payload).await?;
            }
        }
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        if jobs.iter().any(|job| job.due_ms.is_some()) {
            for job in jobs {
                self.add(job).await?;
            }
        } else {
            self.producer.add_bulk(jobs.into_iter().map(|job| job.payload).collect()).await?;
        }
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let config = ConsumerConfig {
            queue_name: "bench".into(),
            concurrency: work.slots,
            ..ConsumerConfig::default()
        };
        let tally = work.tally;
        let run = move |job: Job<String>| {
            let _ = tally.run(&job.payload);
            async { Ok::<_, HandlerError>(bytes::Bytes::new()) }
        };
        let stop = tokio_util::sync::CancellationToken::clone(&work.stop);
        Consumer::<String>::new(self.url.clone(), config).run(run, stop).await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<Chasqui>().await
}
