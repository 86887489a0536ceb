//! Steering a queue and its jobs. Each call is one atomic script, except where it says "in steps". A call
//! whose reply was lost is repeated: then it may find its own work done, and say `WrongState` or `NotFound`.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Queue;
use crate::{
    error::Result,
    job::{JobId, JobState, Priority},
    store::{
        MAX_BATCH,
        job::{self, Due},
        queue,
    },
    value_error::Invalid,
};

/// As many jobs as one step of a long operation takes.
const STEP: u64 = MAX_BATCH as u64;

impl Queue {
    /// Lets no job be fetched, by any worker. Active jobs run to their end. `false` if it was paused.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn pause(&self) -> Result<bool> {
        self.store().call_retrying(&queue::Pause).await
    }

    /// Lets jobs be fetched again. `false` if it was not paused.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn resume(&self) -> Result<bool> {
        self.store().call_retrying(&queue::Resume).await
    }

    /// Makes a delayed job ready now.
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound), [`Refused::WrongState`](crate::error::Refused::WrongState) unless it is delayed.
    pub async fn promote(&self, id: &JobId) -> Result<()> {
        self.store().call_retrying(&job::Promote { id }).await
    }

    /// Runs a failed or completed job again, with its attempts anew.
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound), [`Refused::WrongState`](crate::error::Refused::WrongState) unless it has ended.
    pub async fn retry(&self, id: &JobId) -> Result<()> {
        self.store().call_retrying(&job::Retry { id }).await
    }

    /// Runs all failed jobs again, oldest first, with their attempts anew. In steps of 1,000; answers
    /// how many.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn retry_failed(&self) -> Result<u64> {
        // Only those that have failed by now: what fails again meanwhile isn't retried for ever.
        let mut left = self.counts().await?.failed;
        let mut retried = 0;
        while left > 0 {
            let step = self.store().call(&queue::RetryFailed { most: left.min(STEP) }).await?;
            if step == 0 {
                break;
            }
            retried += step;
            left = left.saturating_sub(step);
        }
        Ok(retried)
    }

    /// Takes a job out of the queue, with all that is kept of it. An active job can't be removed.
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound), [`Refused::WrongState`](crate::error::Refused::WrongState) if it is active.
    pub async fn remove(&self, id: &JobId) -> Result<()> {
        match self.store().call_retrying(&job::Remove { ids: std::slice::from_ref(id) }).await? {
            0 => {
                let queue = self.name().clone();
                Err(crate::error::Refused::NotFound { queue, id: id.clone() }.into())
            }
            _ => Ok(()),
        }
    }

    /// Changes the priority of a job that has not ended; for an active one it holds from its next
    /// attempt on.
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound), [`Refused::WrongState`](crate::error::Refused::WrongState) if it has ended.
    pub async fn set_priority(&self, id: &JobId, priority: i16) -> Result<()> {
        let priority = Priority::try_from(priority)?;
        self.store().call_retrying(&job::Priority { id, priority }).await
    }

    /// Makes a delayed job due in so long from now.
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound), [`Refused::WrongState`](crate::error::Refused::WrongState) unless it is delayed.
    pub async fn set_delay(&self, id: &JobId, delay: Duration) -> Result<()> {
        self.store().call_retrying(&job::Delay { id, due: Due::In(delay) }).await
    }

    /// Makes a delayed job due at this time.
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound), [`Refused::WrongState`](crate::error::Refused::WrongState) unless it is delayed.
    pub async fn set_due(&self, id: &JobId, time: DateTime<Utc>) -> Result<()> {
        let due = Due::At(time.timestamp_millis());
        self.store().call_retrying(&job::Delay { id, due }).await
    }

    /// Removes all waiting jobs. In steps of 1,000; answers how many.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn drain(&self) -> Result<u64> {
        self.drain_steps(false).await
    }

    /// Removes all waiting and all delayed jobs. In steps of 1,000; answers how many.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn drain_with_delayed(&self) -> Result<u64> {
        self.drain_steps(true).await
    }

    async fn drain_steps(&self, delayed_too: bool) -> Result<u64> {
        let mut removed = 0;
        loop {
            match self.store().call_retrying(&queue::Drain { delayed_too }).await? {
                0 => return Ok(removed),
                step => removed += step,
            }
        }
    }

    /// Removes completed or failed jobs that ended longer ago than `age`. In steps of 1,000; answers how
    /// many.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for another state, and those of any call.
    pub async fn clean(&self, state: JobState, age: Duration) -> Result<u64> {
        if !state.is_final() {
            return Err(
                Invalid::new("state to clean", state.as_str(), "use completed or failed").into()
            );
        }
        let mut removed = 0;
        loop {
            let step = queue::Clean { state, age, most: STEP };
            match self.store().call_retrying(&step).await? {
                0 => return Ok(removed),
                step => removed += step,
            }
        }
    }

    /// Removes the queue and all that belongs to it. In steps, and with one that is large better while
    /// nobody adds to it.
    ///
    /// # Errors
    /// [`Refused::Busy`](crate::error::Refused::Busy) if jobs are active.
    pub async fn obliterate(&self) -> Result<()> {
        self.obliterate_steps(false).await
    }

    /// Removes the queue and all that belongs to it even while jobs are active: their outcomes will be
    /// refused.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn obliterate_by_force(&self) -> Result<()> {
        self.obliterate_steps(true).await
    }

    async fn obliterate_steps(&self, force: bool) -> Result<()> {
        while !self.store().call_retrying(&queue::Obliterate { force }).await? {}
        Ok(())
    }
}
