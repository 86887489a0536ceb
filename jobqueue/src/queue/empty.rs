//! Emptying a queue, and removing it.

use std::{future::IntoFuture, pin::Pin};

use super::Queue;
use crate::{
    error::Result,
    store::{Listed, queue},
};

impl Queue {
    /// Removes all waiting jobs: set options, then await it for the number of jobs that it removed.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
    /// let removed = orders.drain().with_delayed().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain(&self) -> Drain {
        Drain { queue: self.clone(), with_delayed: false }
    }

    /// Removes the queue and all that belongs to it: set options, then await it.
    ///
    /// ```no_run
    /// # async fn example(old: jobqueue::Queue) -> jobqueue::Result<()> {
    /// old.obliterate().force().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn obliterate(&self) -> Obliterate {
        Obliterate { queue: self.clone(), force: false }
    }

    /// Jobs have ended without a run. Callers who wait for a reply, flows that they were nodes of, and
    /// flows that they had as children hear of it from the outbox.
    pub(super) fn tell_others(&self) {
        self.client().relays().start(self.name());
    }
}

/// The removal of all waiting jobs; see [`Queue::drain`].
///
/// Awaited, it removes them in steps of 1,000 and returns how many jobs it removed.
///
/// # Errors
/// Those of any call; [`Operation::done`](crate::error::Operation::done) then says how many jobs it
/// had removed.
#[must_use = "jobs are removed when this is awaited"]
#[derive(Clone, Debug)]
pub struct Drain {
    queue: Queue,
    with_delayed: bool,
}

impl Drain {
    /// Removes all delayed jobs too; they stay by default.
    pub fn with_delayed(mut self) -> Self {
        self.with_delayed = true;
        self
    }

    async fn run(self) -> Result<u64> {
        let mut removed = 0_u64;
        loop {
            let step = queue::Drain { delayed_too: self.with_delayed };
            let step = self.queue.store().call_retrying(&step).await;
            match step.map_err(|error| error.after(removed))? {
                0 => break,
                step => removed = removed.saturating_add(step),
            }
        }
        if removed > 0 {
            self.queue.tell_others();
        }
        Ok(removed)
    }
}

impl IntoFuture for Drain {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let queue = self.queue.clone();
            let on = if self.with_delayed { "with delayed" } else { "waiting" };
            queue.audited("drain", Some(&on), self.run()).await
        })
    }
}

/// The removal of a queue and all that belongs to it; see [`Queue::obliterate`].
///
/// Awaited, it works in steps. Obliterate a large queue while nobody adds to it.
///
/// # Errors
/// [`Refused::Busy`](crate::error::Refused::Busy) if jobs are active, unless
/// [forced](Self::force); those of any call.
#[must_use = "the queue is removed when this is awaited"]
#[derive(Clone, Debug)]
pub struct Obliterate {
    queue: Queue,
    force: bool,
}

impl Obliterate {
    /// Removes the queue even while jobs are active: their outcomes are then refused. By default a
    /// queue with active jobs stays.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    async fn run(self) -> Result<()> {
        let step = queue::Obliterate { force: self.force };
        while !self.queue.store().call_retrying(&step).await? {}
        self.queue.store().unlist(&[Listed::Queue, Listed::Schedules, Listed::Flows]).await;
        self.queue.tell_others();
        Ok(())
    }
}

impl IntoFuture for Obliterate {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let queue = self.queue.clone();
            let on = if self.force { "forced" } else { "idle" };
            queue.audited("obliterate", Some(&on), self.run()).await
        })
    }
}
