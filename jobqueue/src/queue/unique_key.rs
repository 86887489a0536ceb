//! Unique keys by hand.

use super::{Queue, job_handle::JobHandle};
use crate::{
    error::Result,
    job::{JobId, JobName, Unique},
    store::queue,
    value_error::Invalid,
};

impl Queue {
    /// The unique key of the jobs of a name: to look which job has it, and to let go of it. Nothing
    /// is sent.
    ///
    /// # Errors
    /// A name or a key that no job could have.
    ///
    /// ```no_run
    /// # async fn example(reports: jobqueue::Queue) -> jobqueue::Result<()> {
    /// let key = reports.unique_key("monthly", "user-7")?;
    /// if let Some(job) = key.holder().await? {
    ///     println!("job {} is in the way: {:?}", job.id(), job.state().await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn unique_key(&self, name: &str, key: &str) -> Result<UniqueKey, Invalid> {
        let unique = Unique::by(key);
        unique.validate()?;
        let key = unique.claim(&name.parse::<JobName>()?).key;
        Ok(UniqueKey { queue: self.clone(), key })
    }
}

/// A [unique](crate::Unique) key of the jobs of one name; see [`Queue::unique_key`].
#[derive(Clone, Debug)]
pub struct UniqueKey {
    queue: Queue,
    /// With the name of its jobs.
    key: String,
}

impl UniqueKey {
    /// The job that has the key; `None` if an add would find it free.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn holder(&self) -> Result<Option<JobHandle<serde_json::Value>>> {
        let [holder, _] = self.look().await?;
        Ok(holder.map(|id| self.queue.job(id)))
    }

    /// The job that runs once the key's has ended, if there is one; see
    /// [`Unique::keep_last`](crate::Unique::keep_last). Until then it is `delayed`.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn next(&self) -> Result<Option<JobHandle<serde_json::Value>>> {
        let [_, next] = self.look().await?;
        Ok(next.map(|id| self.queue.job(id)))
    }

    /// Lets go of the key, as if its job had ended: the next add finds it free, or the job that was to
    /// [run after](Self::next) the key's takes the key and is due. The job that had it goes on, so two
    /// of the key may run at once. Answers whether a job had it.
    ///
    /// # Errors
    /// Those of any call.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has let go of the key or not.
    pub async fn release(&self) -> Result<bool> {
        let release = queue::ReleaseKey { key: &self.key };
        let call = self.queue.store().call_retrying(&release);
        self.queue.audited("release_key", Some(&self.key), call).await
    }

    async fn look(&self) -> Result<[Option<JobId>; 2]> {
        self.queue.store().call_retrying(&queue::Holder { key: &self.key }).await
    }
}
