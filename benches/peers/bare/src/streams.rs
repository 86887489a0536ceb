//! A floor: bare streams, `XADD` pipelined, `XREADGROUP` for as many as there are slots, then
//! `XACK` and `XDEL` of all of them in one pipeline. At least once, if someone claimed what a crash
//! leaves behind, which nobody does here; no other feature.

use jobqueue_bench_peer::{Hello, NewJob, Peer, Result, Work};
use redis::{
    AsyncCommands as _,
    aio::MultiplexedConnection,
    streams::{StreamReadOptions, StreamReadReply},
};

struct Streams(MultiplexedConnection);

impl Peer for Streams {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(peer_bare::connect(url).await?))
    }

    fn hello(&self) -> Hello {
        peer_bare::hello()
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        let () = self.0.clone().xadd("bench", "*", &[("p", job.payload)]).await?;
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        let mut adds = redis::pipe();
        for job in jobs {
            adds.xadd("bench", "*", &[("p", job.payload)]).ignore();
        }
        let () = adds.query_async(&mut self.0.clone()).await?;
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let mut redis = self.0.clone();
        // There already, if another worker came first.
        let _: redis::RedisResult<()> = redis.xgroup_create_mkstream("bench", "all", "0").await;
        let consumer = std::process::id().to_string();
        let read = StreamReadOptions::default().group("all", consumer).count(work.slots);
        while !work.stop.is_cancelled() {
            let found: Option<StreamReadReply> =
                redis.xread_options(&["bench"], &[">"], &read).await?;
            let Some(stream) = found.and_then(|mut found| found.keys.pop()) else {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                continue;
            };
            let mut ids = Vec::with_capacity(stream.ids.len());
            for entry in stream.ids {
                let payload: Option<String> = entry.get("p");
                let _ = work.tally.run(&payload.unwrap_or_default());
                ids.push(entry.id);
            }
            let mut end = redis::pipe();
            end.xack("bench", "all", &ids).ignore().xdel("bench", &ids).ignore();
            let () = end.query_async(&mut redis).await?;
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<Streams>().await
}
