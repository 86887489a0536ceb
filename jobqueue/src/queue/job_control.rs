//! Steering one job. Each call is one atomic script. The client repeats a call whose reply was
//! lost, and the server carries it out once and answers the same.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::job_handle::JobHandle;
use crate::{
    error::{Refused, Result},
    job::{Gone, Priority},
    store::job::{self, Due},
};

impl<T> JobHandle<T> {
    /// Makes a delayed job ready now.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it has been removed, [`Refused::WrongState`] unless it is delayed.
    pub async fn promote(&self) -> Result<()> {
        let promote = job::Promote { id: self.id() };
        let call = self.queue().store().call_retrying(&promote);
        self.queue().audited("promote", Some(self.id()), call).await
    }

    /// Removes the job from its queue, with all that is kept of it. An active job can't be removed.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it was removed before, [`Refused::WrongState`] if it is active.
    pub async fn remove(&self) -> Result<()> {
        self.queue().audited("remove", Some(self.id()), self.take_away()).await
    }

    async fn take_away(&self) -> Result<()> {
        let (ids, queue) = (std::slice::from_ref(self.id()), self.queue());
        let remove = job::Remove { ids, why: Gone::Removed, from: &[] };
        let removed = queue.store().call_retrying(&remove).await?;
        queue.tell_others();
        let answer: Result<(), Refused> =
            removed.into_iter().try_for_each(|it| queue.removed(self.id(), it));
        Ok(answer?)
    }

    /// Changes the priority of a job that has not ended: -1024 (first) to 1023 (last). For an
    /// active job it holds from the next attempt on.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it has been removed, [`Refused::WrongState`] if it has ended.
    pub async fn set_priority(&self, priority: i16) -> Result<()> {
        let priority = Priority::try_from(priority)?;
        let change = job::Priority { id: self.id(), priority };
        let call = self.queue().store().call_retrying(&change);
        self.queue().audited("set_priority", Some(self.id()), call).await
    }

    /// Makes a delayed job due after this delay, counted from now.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it has been removed, [`Refused::WrongState`] unless it is delayed.
    pub async fn set_delay(&self, delay: Duration) -> Result<()> {
        self.delay(Due::In(delay)).await
    }

    /// Makes a delayed job due at this time.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it has been removed, [`Refused::WrongState`] unless it is delayed.
    pub async fn set_due(&self, time: DateTime<Utc>) -> Result<()> {
        self.delay(Due::At(time.timestamp_millis())).await
    }

    async fn delay(&self, due: Due) -> Result<()> {
        let change = job::Delay { id: self.id(), due };
        let call = self.queue().store().call_retrying(&change);
        self.queue().audited("set_delay", Some(self.id()), call).await
    }
}
