//! The server of a test, and how time goes on there.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use jobqueue_engine::{Clock, Engine};

use crate::{
    client::{Client, ClientBuilder},
    clock::virtual_time::Epoch,
    error::Result,
    job::{JobInfo, JobState, QueueName},
    store::{Destination, WorkLeft},
};

/// How long a test waits until it looks again on a real Redis.
const PAUSE: Duration = Duration::from_millis(5);

/// How many delayed jobs are read at once.
const PAGE: u64 = 500;

/// The server of a test.
pub(super) enum TestServer {
    /// In this process. Its time stands still, and jumps.
    Engine { engine: Arc<Engine>, epoch: Epoch },
    /// A real one. Its time can't be moved: instead, what is delayed there is moved towards now.
    Redis { moved: Mutex<Duration> },
}

impl TestServer {
    /// One in this process.
    pub(super) fn engine(epoch: Epoch) -> (Self, ClientBuilder) {
        let now = u64::try_from(epoch.now().timestamp_millis()).unwrap_or_default();
        // A seed of its own would make a failed test another one the next time.
        let engine = Engine::new(Clock::tokio_from(now), 1);
        let builder = Client::builder_of(Destination::Engine(engine.clone()));
        (Self::Engine { engine, epoch }, builder)
    }

    /// The one at this URL, under keys that no other test has.
    pub(super) fn redis(url: &str) -> (Self, ClientBuilder) {
        let prefix = format!("jqtest-{:016x}", fastrand::u64(..));
        let moved = Mutex::default();
        (Self::Redis { moved }, Client::builder(url).prefix(prefix))
    }

    /// Whether its time is the real one.
    pub(super) fn is_real(&self) -> bool {
        matches!(self, Self::Redis { .. })
    }

    /// The test's time.
    pub(super) fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Engine { epoch, .. } => epoch.now(),
            Self::Redis { .. } => self.in_test_time(Utc::now()),
        }
    }

    /// A time that a job is due at, in the test's time.
    pub(super) fn in_test_time(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Engine { .. } => due,
            Self::Redis { moved } => {
                let moved = *moved.lock().unwrap_or_else(PoisonError::into_inner);
                due + TimeDelta::from_std(moved).unwrap_or_default()
            }
        }
    }

    /// Waits until something may have happened.
    pub(super) async fn happened(&self) {
        match self {
            Self::Engine { engine, .. } => engine.called().await,
            Self::Redis { .. } => tokio::time::sleep(PAUSE).await,
        }
    }

    /// What is left to do in a queue, and when the next job falls due, in the test's time.
    pub(super) async fn left(&self, client: &Client, queue: &QueueName) -> Result<WorkLeft> {
        if let Self::Engine { engine, epoch } = self {
            return Ok(client.store().work_left(engine, queue, epoch.now()));
        }
        let queue = client.queue(queue)?;
        let counts = queue.counts().await?;
        let waiting = if counts.paused { 0 } else { counts.waiting };
        let first = queue.jobs(JobState::Delayed).page(0, 1).await?;
        let due = first.first().and_then(|job| job.due_at);
        let is_due = due.is_some_and(|due| due <= Utc::now());
        let jobs = waiting + counts.active + u64::from(is_due);
        Ok(WorkLeft {
            jobs: i64::try_from(jobs).unwrap_or(i64::MAX),
            running: i64::try_from(counts.active).unwrap_or(i64::MAX),
            effects: i64::try_from(counts.effects).unwrap_or(i64::MAX),
            next: due.map(|due| self.in_test_time(due).timestamp_millis()),
        })
    }

    /// Lets this time pass: here by waiting, on a real server at once.
    pub(super) async fn pass(
        &self,
        by: Duration,
        waiting: impl Future<Output = ()>,
        client: &Client,
        queues: impl Iterator<Item = QueueName>,
    ) -> Result<()> {
        let Self::Redis { moved } = self else {
            waiting.await;
            return Ok(());
        };
        *moved.lock().unwrap_or_else(PoisonError::into_inner) += by;
        for queue in queues {
            hurry(client, &queue, by).await?;
        }
        Ok(())
    }
}

/// Moves what is delayed in a queue towards now.
async fn hurry(client: &Client, queue: &QueueName, by: Duration) -> Result<()> {
    let queue = client.queue(queue)?;
    let mut delayed: Vec<JobInfo> = Vec::new();
    loop {
        let page = queue.jobs(JobState::Delayed).page(delayed.len() as u64, PAGE).await?;
        if page.is_empty() {
            break;
        }
        delayed.extend(page);
    }
    for job in delayed {
        let Some(due) = job.due_at else { continue };
        let due = due - TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        let handle = queue.job(job.id);
        if due <= Utc::now() { handle.promote().await? } else { handle.set_due(due).await? }
    }
    Ok(())
}
