//! jobqueue itself, as a contestant of the comparison.

use std::time::Duration;

use chrono::DateTime;
use futures_util::future::try_join_all;
use jobqueue::{
    Backoff, Client, Context, Failure, Retain, State, Worker,
    handler::{Definition, Handler, Job},
};
use jobqueue_bench_peer::{Hello, Kind, NewJob, Peer, Result, Tally, Work};

#[derive(Clone, Copy)]
struct Bench;

impl Job for Bench {
    type Payload = String;
    type Output = ();
    const DEFINITION: Definition = Definition::new("bench", "job");
}

impl Handler for Bench {
    async fn call(payload: String, ctx: Context) -> Result<(), Failure> {
        use jobqueue::handler::FromContext as _;
        let tally = State::<Tally>::from_context(&ctx).await?;
        if tally.run(&payload) { Ok(()) } else { Err(Failure::retry("the first run fails")) }
    }
}

struct Ours(Client);

impl Ours {
    fn request(&self, job: NewJob) -> jobqueue::Add<()> {
        let mut add = self.0.add(Bench, job.payload);
        // Not by a delay, which would count from the call that carries the job: many are made at a
        // time.
        #[allow(clippy::cast_possible_truncation, reason = "a time in ms")]
        if let Some(due) =
            job.due_ms.and_then(|ms| DateTime::from_timestamp_millis(ms.round() as i64))
        {
            add = add.at(due);
        }
        match job.kind {
            Kind::FailOnce => add.attempts(2).backoff(Backoff::fixed(Duration::ZERO)),
            Kind::Priorities => add.priority(i16::try_from(job.index % 5).unwrap_or(0)),
            Kind::Plain | Kind::Due { .. } => add,
        }
    }
}

impl Peer for Ours {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(Client::connect(url).await?))
    }

    fn hello(&self) -> Hello {
        Hello::new(env!("CARGO_PKG_VERSION"), &[])
    }

    async fn add(&self, job: NewJob) -> Result<()> {
        self.request(job).await?;
        Ok(())
    }

    async fn add_bulk(&self, jobs: Vec<NewJob>) -> Result<()> {
        if jobs.iter().all(|job| job.kind == Kind::Plain) {
            let payloads = jobs.into_iter().map(|job| job.payload);
            self.0.add_all(Bench, payloads).await.map_err(|error| error.error)?;
        } else {
            try_join_all(jobs.into_iter().map(|job| self.request(job).into_future())).await?;
        }
        Ok(())
    }

    async fn work(&self, work: Work) -> Result<()> {
        let retain = match work.keep {
            0 => Retain::none(),
            count => u64::try_from(count).map_or(Retain::all(), Retain::count),
        };
        let worker = Worker::builder(&self.0)
            .state(work.tally)
            .handler(Bench)
            .concurrency(work.slots)
            // As the documentation has it for handlers that are over before a call to Redis is.
            .prefetch(work.slots)
            .retain(retain)
            .build()?;
        worker.run_until(async move { work.stop.cancelled().await }).await?;
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    jobqueue_bench_peer::serve::<Ours>().await
}
