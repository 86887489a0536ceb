//! Steering a queue. Each call is one atomic script, except where its doc says "in steps". The
//! client repeats a call whose reply was lost, and the server carries it out once.

use std::time::Duration;

use super::Queue;
use crate::{
    error::Result,
    job::JobState,
    store::{MAX_BATCH, queue},
    value_error::Invalid,
};

/// The most jobs that one step of a long operation takes.
const STEP: u64 = MAX_BATCH as u64;

impl Queue {
    /// Stops all workers from fetching jobs of this queue. Active jobs run to their end. `false` if
    /// the queue was paused already.
    ///
    /// # Errors
    /// [`Refused::NoSuchQueue`](crate::error::Refused::NoSuchQueue): it doesn't exist, and pausing
    /// makes no queue; [create](Self::create) it first, where that is meant. Those of any call.
    pub async fn pause(&self) -> Result<bool> {
        self.audited("pause", None, self.store().call_retrying(&queue::Pause)).await
    }

    /// Lets workers fetch again. `false` if the queue was not paused.
    ///
    /// # Errors
    /// [`Refused::NoSuchQueue`](crate::error::Refused::NoSuchQueue): it doesn't exist. Those of any
    /// call.
    pub async fn resume(&self) -> Result<bool> {
        self.audited("resume", None, self.store().call_retrying(&queue::Resume)).await
    }

    /// Runs all failed jobs again, with their attempts counted anew: behind those that wait, and in
    /// the order in which they failed (within a millisecond, in the order of their ids). In steps of
    /// 1,000; returns how many jobs it sent back.
    ///
    /// Some stay failed, and don't count: one whose unique key another job has taken meanwhile, and
    /// one whose dead letter was written, which is [redriven](crate::dead_letter::DeadLetters) from
    /// there. [`JobHandle::retry`](crate::JobHandle::retry) of such a job says why.
    ///
    /// # Errors
    /// Those of any call; [`Operation::done`](crate::error::Operation::done) then says how many
    /// jobs it had sent back.
    pub async fn retry_failed(&self) -> Result<u64> {
        self.audited("retry_failed", None, self.retry_all_failed()).await
    }

    async fn retry_all_failed(&self) -> Result<u64> {
        // Only the jobs that have failed by now: one that fails again meanwhile isn't retried for
        // ever.
        let mut left = self.counts().await?.failed;
        let (mut retried, mut kept) = (0_u64, 0_u64);
        while left > 0 {
            let step = queue::RetryFailed { most: left.min(STEP), skip: kept };
            let step = self.store().call_retrying(&step).await;
            let step = step.map_err(|error| error.after(retried))?;
            let looked = step.retried.saturating_add(step.kept);
            if looked == 0 {
                break;
            }
            retried = retried.saturating_add(step.retried);
            kept = kept.saturating_add(step.kept);
            left = left.saturating_sub(looked);
        }
        Ok(retried)
    }

    /// Removes completed, failed or cancelled jobs that ended longer ago than `age`. In steps of
    /// 1,000; returns how many jobs it removed.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for another state, and those of any call;
    /// [`Operation::done`](crate::error::Operation::done) then says how many jobs it had removed.
    pub async fn clean(&self, state: JobState, age: Duration) -> Result<u64> {
        let on = format_args!("{state}, older than {age:?}").to_string();
        self.audited("clean", Some(&on), self.clean_all(state, age)).await
    }

    async fn clean_all(&self, state: JobState, age: Duration) -> Result<u64> {
        if !state.is_final() {
            return Err(Invalid::new(
                "state to clean",
                state.as_str(),
                "use completed, failed or cancelled",
            )
            .into());
        }
        let mut removed = 0_u64;
        loop {
            let step = queue::Clean { state, age, most: STEP };
            let step = self.store().call_retrying(&step).await;
            match step.map_err(|error| error.after(removed))? {
                0 => return Ok(removed),
                step => removed = removed.saturating_add(step),
            }
        }
    }
}
