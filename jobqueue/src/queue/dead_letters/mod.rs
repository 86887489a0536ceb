//! Dead-letter queues: reading, editing and redriving the jobs that failed for good.

mod edit;
mod length;
mod redrive;
mod send;

pub use edit::Edit;
pub use length::LengthAlerts;
pub use redrive::Redrive;

use super::Queue;
use crate::{
    client::Client,
    error::Result,
    job::{DeadLetter, JobId, JobInfo, JobState},
    stats::QueueStats,
};

/// A dead-letter queue: jobs that failed for good wait here until somebody sends them back.
///
/// A handler or a worker names it: `#[job(dead_letter = "orders-dlq")]`,
/// [`WorkerBuilder::dead_letter`](crate::WorkerBuilder::dead_letter). The dead letter is written in
/// the same atomic step as the failure and then relayed to its queue, which may be on another node
/// of a cluster: each arrives once, even if processes die on the way.
///
/// ```no_run
/// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
/// let dead = client.dead_letters("orders-dlq")?;
/// for (id, dead_letter) in dead.page(0, 20).await? {
///     println!("{id}: {} of {}: {}", dead_letter.id, dead_letter.queue, dead_letter.failure);
/// }
/// // The jobs that failed during the gateway's outage, ten a second.
/// let rate = jobqueue::Rate::new(10, std::time::Duration::from_secs(1));
/// let outage = |failed: &jobqueue::dead_letter::DeadLetter| failed.failure.message.contains("gateway");
/// println!("{} go back", dead.redrive().filter(outage).rate(rate).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DeadLetters {
    queue: Queue,
}

impl Client {
    /// A dead-letter queue by its name. Nothing is sent.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn dead_letters(&self, queue: impl AsRef<str>) -> Result<DeadLetters> {
        Ok(DeadLetters { queue: self.queue(queue)? })
    }
}

impl DeadLetters {
    /// The dead letters of a queue.
    pub(super) fn of(queue: &Queue) -> Self {
        Self { queue: queue.clone() }
    }

    /// The queue that holds the dead letters, as jobs.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// How many dead letters wait.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn count(&self) -> Result<u64> {
        Ok(self.queue.counts().await?.waiting)
    }

    /// `count` dead letters from `offset` on, at most 1,000, oldest first, each with its id in this
    /// queue. Jobs of other kinds are left out.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn page(&self, offset: u64, count: u64) -> Result<Vec<(JobId, DeadLetter)>> {
        let jobs = self.queue.jobs(JobState::Waiting).page(offset, count).await?;
        Ok(jobs.iter().filter_map(|job| Some((job.id.clone(), dead_letter_of(job)?))).collect())
    }

    /// One dead letter, by its id in this queue; `None` if there is none.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn get(&self, id: &JobId) -> Result<Option<DeadLetter>> {
        Ok(self.queue.info_of(id).await?.as_ref().and_then(dead_letter_of))
    }

    /// The state of this queue as monitoring sees it: how many dead letters wait, since when the
    /// oldest does, and how many have come since the queue exists.
    ///
    /// Dead letters that are still on their way count as
    /// [`effects`](crate::stats::QueueCounts::effects) of the queue that they come from.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn stats(&self) -> Result<QueueStats> {
        self.queue.stats().await
    }
}

/// The dead letter in a job; none if it is another kind of job.
fn dead_letter_of(job: &JobInfo) -> Option<DeadLetter> {
    DeadLetter::of(&job.record)?.ok()
}
