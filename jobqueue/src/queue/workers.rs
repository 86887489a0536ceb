//! The workers of a queue: who they are, and what they run.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::Queue;
use crate::{
    client::Client,
    error::Result,
    job::{JobInfo, ProcessInfo, QueueName, WorkerCard, WorkerId, WorkerState},
    store::worker::{List, ListedWorker},
};

/// How many workers one call reads.
const STEP: usize = 100;

/// How many jobs of a worker are read in full.
const JOBS: usize = 10;

/// How many queues are asked at once.
const AT_ONCE: usize = 16;

/// A worker on one of its queues: see [`Queue::workers`].
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WorkerInfo {
    /// The queue.
    pub queue: QueueName,
    /// The name under which it holds jobs of this queue. It takes a new one after an outage.
    /// `by-hand` stands for all [receivers](crate::receive) together.
    pub id: WorkerId,
    /// The same on all queues of one worker; `None` of a receiver, and of a worker that has just
    /// begun or is of an older version of this library. So are the next seven.
    pub instance: Option<String>,
    /// Its process.
    pub process: Option<ProcessInfo>,
    /// When it began.
    pub since: Option<DateTime<Utc>>,
    /// What it does.
    pub state: Option<WorkerState>,
    /// The names of its handlers for this queue.
    pub handlers: Vec<String>,
    /// How many jobs of this queue it runs at once.
    pub slots: Option<u64>,
    /// How many it fetches ahead.
    pub prefetch: Option<u64>,
    /// Its last sign of life.
    pub last_seen: Option<DateTime<Utc>>,
    /// Until when it has a right to its jobs. Passed: it is gone, and its jobs go back with the next
    /// look of another worker.
    pub lease_until: DateTime<Utc>,
    /// Whether that has not passed yet, by the server's clock.
    pub alive: bool,
    /// How many jobs it holds, those fetched ahead among them.
    pub held: u64,
    /// Up to ten of them.
    pub running: Vec<JobInfo>,
}

impl Queue {
    /// The workers of the queue, also those that died and whose lease hasn't been taken back yet.
    /// In steps of 100 workers.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
    /// for worker in orders.workers().await? {
    ///     let process = worker.process.map(|process| process.line()).unwrap_or_default();
    ///     println!("{process}: {} of {:?} slots", worker.held, worker.slots);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of any call.
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let list = List { after: after.as_ref(), workers: STEP, jobs: JOBS };
            let page = self.store().call_retrying(&list).await?;
            let (now, last) = (page.now, page.workers.len() < STEP);
            after = page.workers.last().map(|worker| worker.id.clone());
            for worker in page.workers {
                let running = self.read_each(&worker.jobs).await?;
                // One that can't be read doesn't hide the others, and one that ended is gone.
                let running = running.into_iter().filter_map(|job| job.ok().flatten());
                all.push(self.worker(worker, running.collect(), now));
            }
            if last {
                return Ok(all);
            }
        }
    }

    /// The processes of the workers of the queue, by the names under which they hold jobs.
    pub(super) async fn processes(&self) -> Result<HashMap<WorkerId, String>> {
        let (mut all, mut after) = (HashMap::new(), None);
        loop {
            let list = List { after: after.as_ref(), workers: STEP, jobs: 0 };
            let workers = self.store().call_retrying(&list).await?.workers;
            let last = workers.len() < STEP;
            after = workers.last().map(|worker| worker.id.clone());
            all.extend(workers.into_iter().filter_map(|worker| {
                let card = WorkerCard::decode(worker.card.as_deref()?)?;
                Some((worker.id, card.process.line()))
            }));
            if last {
                return Ok(all);
            }
        }
    }

    fn worker(&self, found: ListedWorker, running: Vec<JobInfo>, now: DateTime<Utc>) -> WorkerInfo {
        let ListedWorker { id, lease_until, card, held, .. } = found;
        let card = card.as_deref().and_then(WorkerCard::decode);
        let lease = card.as_ref().map(|card| Duration::from_millis(card.lease_ms));
        let (slots, prefetch) = card.as_ref().map(|it| (it.slots, it.prefetch)).unzip();
        WorkerInfo {
            queue: self.name().clone(),
            id,
            instance: card.as_ref().map(|card| card.instance.clone()),
            since: card.as_ref().and_then(|it| DateTime::from_timestamp_millis(it.since_ms)),
            state: card.as_ref().map(|card| card.state),
            slots,
            prefetch,
            last_seen: lease.map(|lease| lease_until - lease),
            lease_until,
            alive: lease_until >= now,
            held,
            running,
            handlers: card.as_ref().map(|card| card.handlers.clone()).unwrap_or_default(),
            process: card.map(|card| card.process),
        }
    }
}

impl Client {
    /// The workers of all [queues that exist](Self::queues), one entry for each of their queues:
    /// those of one worker have the same `instance`. One call a queue, and one more for each worker
    /// that holds jobs; 16 queues at once.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>> {
        let queues = self.queues().all().await?.into_iter();
        let read = queues.map(|queue| async move { self.queue(queue.name)?.workers().await });
        let read: Vec<Vec<WorkerInfo>> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
        Ok(read.into_iter().flatten().collect())
    }
}
