//! A floor: a bare list, `LPUSH` and `RPOP`, as many at a time as there are slots. No features: a
//! job that is popped and not run is lost.

use jobqueue_bench_peer::{Hello, NewJob, Peer, Result, Work};
use redis::{AsyncCommands as _, aio::MultiplexedConnection};

struct List(MultiplexedConnection);

impl Peer for List {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(peer_bare::connect(url).await?))
    }

    fn hello(&self) -> Hello {
        peer_bare::hello()
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        let () = self.0.clone().lpush("bench", job.payload).await?;
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        let payloads: Vec<_> = jobs.into_iter().map(|job| job.payload).collect();
        let () = self.0.clone().lpush("bench", payloads).await?;
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let mut redis = self.0.clone();
        let slots = std::num::NonZeroUsize::new(work.slots);
        while !work.stop.is_cancelled() {
            let payloads: Vec<String> = redis.rpop("bench", slots).await?;
            if payloads.is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            for payload in payloads {
                let _ = work.tally.run(&payload);
            }
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<List>().await
}
