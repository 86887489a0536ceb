//! Reads what is shown, again and again: one set of calls a tick.

use std::time::{Duration, Instant};

use jobqueue::{Client, JobId, JobState, QueueName, error::Refused, types::Utc};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::snapshot::{FailureKind, Job, Jobs, Pane, Snapshot};
use crate::{command::queues, cpu::Cpu};

/// How many failed jobs are read of the queue at the cursor.
const FAILURES: u64 = 100;

/// How many jobs of a queue are shown.
const JOBS: u64 = 200;

/// What else is shown than all queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) pane: Option<QueueName>,
    pub(super) jobs: Option<(QueueName, JobState)>,
    pub(super) job: Option<(QueueName, JobId)>,
}

/// Reads what is shown.
pub(super) struct Poller {
    client: Client,
    url: String,
    every: Duration,
}

impl Poller {
    pub(super) fn new(client: Client, url: String, every: Duration) -> Self {
        Self { client, url, every }
    }

    /// Until nobody looks any more. Another wish is answered at once.
    pub(super) async fn run(
        self,
        mut wishes: watch::Receiver<Wish>,
        snapshots: mpsc::Sender<jobqueue::Result<Snapshot>>,
    ) {
        let mut cpu = Usage::new(Cpu::of(&self.url).await);
        loop {
            let wish = wishes.borrow_and_update().clone();
            let read = self.read(&wish, &mut cpu).await;
            if snapshots.send(read).await.is_err() {
                return;
            }
            tokio::select! {
                biased;
                changed = wishes.changed() => if changed.is_err() { return },
                () = sleep(self.every) => {}
            }
        }
    }

    async fn read(&self, wish: &Wish, cpu: &mut Usage) -> jobqueue::Result<Snapshot> {
        let queues = queues::read(&self.client).await?;
        let workers = self.client.workers().await?;
        let last_action = self.client.audit_log().newest(1).await?.pop();
        let pane = match &wish.pane {
            Some(queue) => Some(self.pane(queue).await?),
            None => None,
        };
        let jobs = match &wish.jobs {
            Some((queue, state)) => Some(self.jobs(queue, *state).await?),
            None => None,
        };
        let job = match &wish.job {
            Some((queue, id)) => Some(self.job(queue, id).await?),
            None => None,
        };
        let cpu = cpu.share().await;
        Ok(Snapshot { at: Utc::now(), queues, workers, cpu, last_action, pane, jobs, job })
    }

    async fn pane(&self, name: &QueueName) -> jobqueue::Result<Pane> {
        let queue = self.client.queue(name)?;
        let failed = queue.jobs(JobState::Failed).newest_first().page(0, FAILURES).await?;
        let mut running = queue.jobs(JobState::Active).page(0, FAILURES).await?;
        running.sort_by_key(|job| job.started_at);
        Ok(Pane { queue: name.clone(), failures: FailureKind::group(&failed), running })
    }

    async fn jobs(&self, name: &QueueName, state: JobState) -> jobqueue::Result<Jobs> {
        let queue = self.client.queue(name)?;
        let (counts, pages) = (queue.counts().await?, queue.jobs(state));
        let pages = if state.is_final() { pages.newest_first() } else { pages };
        Ok(Jobs { queue: name.clone(), state, counts, jobs: pages.page(0, JOBS).await? })
    }

    async fn job(&self, name: &QueueName, id: &JobId) -> jobqueue::Result<Job> {
        let job = self.client.queue(name)?.job(id);
        let info = match job.info().await {
            Ok(info) => Some(info),
            Err(jobqueue::Error::Refused(Refused::NotFound { .. })) => None,
            Err(error) => return Err(error),
        };
        let logs = job.logs(0).await?;
        Ok(Job { queue: name.clone(), id: id.clone(), info, logs })
    }
}

/// How busy Redis is.
struct Usage {
    cpu: Cpu,
    before: Option<(Instant, Duration)>,
}

impl Usage {
    fn new(cpu: Cpu) -> Self {
        Self { cpu, before: None }
    }

    /// Since it was last asked.
    async fn share(&mut self) -> Option<f64> {
        let used = self.cpu.used().await?;
        let (then, before) = self.before.replace((Instant::now(), used))?;
        Some(used.saturating_sub(before).as_secs_f64() / then.elapsed().as_secs_f64().max(0.001))
    }
}
