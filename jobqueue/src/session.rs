//! A session: the name under which jobs of one queue are held, with a lease on all of them.
//!
//! A worker or a receive joins the queue under a name. Whenever it isn't known whether a call was
//! carried out, the session joins again under a new name: Redis then refuses what is still under
//! way under the old one, and its answer says which jobs are held.

use std::time::Duration;

use crate::{
    error::{Error, Operation, Refused, Result},
    job::{JobId, Settlement, WorkerId},
    store::{
        MAX_BATCH, QueueStore, Retries,
        worker::{Advance, CodeLimits, Join, Leave, Rooms, Turn, Wake},
    },
};

/// A session on one queue.
#[derive(Debug)]
pub(crate) struct Session {
    store: QueueStore,
    lease: Duration,
    /// The queue's limits set in code; none leaves those that Redis knows.
    limits: Option<CodeLimits>,
    names: Names,
    /// Which connection the last join went over.
    generation: Option<u64>,
}

/// What one `advance` asks for, beside the session's own name and lease.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step<'a> {
    /// How many jobs the session holds, those settled here among them.
    pub(crate) held: usize,
    /// How many more it wants.
    pub(crate) want: usize,
    /// For how long the whole queue is throttled.
    pub(crate) throttle: Duration,
    /// What the session's own limits leave room for.
    pub(crate) rooms: &'a Rooms,
    pub(crate) settlements: &'a [Settlement],
}

impl Session {
    /// A session that has not joined yet.
    pub(crate) fn new(store: QueueStore, lease: Duration, limits: Option<CodeLimits>) -> Self {
        Self { store, lease, limits, names: Names::default(), generation: None }
    }

    pub(crate) fn store(&self) -> &QueueStore {
        &self.store
    }

    pub(crate) fn lease(&self) -> Duration {
        self.lease
    }

    /// The name under which jobs are held; none before the first join.
    pub(crate) fn name(&self) -> Option<&WorkerId> {
        self.names.current.as_ref()
    }

    /// Joins under a new name, and takes along what is held under the one before. `known` are the
    /// jobs that the caller believes to hold; the answer is which of them it does. What else is held
    /// was handed out by an answer that it missed, and goes back. One try; the next goes on with the
    /// same name.
    pub(crate) async fn join(&mut self, known: &[JobId]) -> Result<Vec<JobId>> {
        let (worker, former) = self.names.next();
        let (lease, limits) = (self.lease, self.limits);
        self.generation = Some(self.store.generation());
        let kept = self.store.call(&Join { worker, former, lease, limits, known }).await?;
        self.names.joined();
        Ok(kept)
    }

    /// Whether it isn't known what is held. A join has not been answered yet: then what the last call
    /// under the old name has settled must not be told again. Or calls go over another connection than
    /// the last join did: then the server may have failed over, or been restarted, without its last
    /// writes, and know as many jobs under this name as the session believes to hold, but other ones.
    pub(crate) fn must_join(&self) -> bool {
        let is_other = |generation| generation != self.store.generation();
        self.names.joining.is_some() || self.generation.is_some_and(is_other)
    }

    /// Settles jobs, fetches others, and moves the lease.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`] also if the session has not joined.
    pub(crate) async fn advance(&self, step: Step<'_>) -> Result<Turn> {
        let Step { held, want, throttle, rooms, settlements } = step;
        let worker = self.names.current.as_ref().ok_or_else(|| self.lease_lost())?;
        let lease = self.lease;
        let advance = Advance { worker, lease, held, want, throttle, rooms, settlements };
        self.store.call(&advance).await
    }

    /// The error of a session whose lease is lost.
    pub(crate) fn lease_lost(&self) -> Error {
        let operation = Operation::on_queue("settle and fetch jobs", self.store.name());
        Refused::LeaseLost { operation }.into()
    }

    /// Wakes another worker if there is a reason, since this one looks no more; and ends its wait
    /// of this name.
    pub(crate) async fn hand_over_looking(&self, wait: Option<&WorkerId>) -> Result<()> {
        self.store.call(&Wake { worker: self.name(), wait }).await
    }

    /// Puts the wake token back, for another worker.
    pub(crate) async fn pass_on_token(&self) -> Result<()> {
        self.store.call(&Wake { worker: None, wait: None }).await
    }

    /// Whether there is anything to [give back](Self::leave).
    pub(crate) fn has_names(&self) -> bool {
        self.names.current.is_some() || self.names.joining.is_some()
    }

    /// Gives the name away, with the jobs that are held under it.
    pub(crate) fn hand_over(&mut self) -> Option<WorkerId> {
        self.names.current.take()
    }

    /// Gives back the lease and what is held; a waiting worker wakes for it. Nothing is left to do
    /// if the session never joined.
    pub(crate) fn leave(
        &mut self,
        limit: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<> {
        let (store, names) = (self.store.clone(), std::mem::take(&mut self.names));
        async move {
            let mut retries = Retries::within(limit);
            // The newest first: what it holds was perhaps moved there by a join without an answer.
            for worker in names.joining.iter().chain(&names.current) {
                leave(&store, worker, &mut retries).await?;
            }
            Ok(())
        }
    }
}

async fn leave(store: &QueueStore, worker: &WorkerId, retries: &mut Retries) -> Result<()> {
    loop {
        match retries.attempt(store.call(&Leave { worker })).await {
            // One call gives back a batch at most; the lease goes with the last.
            Ok(jobs) if jobs >= MAX_BATCH as u64 => {}
            Ok(_) => return Ok(()),
            Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
            Err(error) => return Err(error),
        }
    }
}

/// The names of a session.
#[derive(Debug, Default)]
struct Names {
    /// The one that has joined.
    current: Option<WorkerId>,
    /// The one that a join is made under, kept until the join is answered: a join that is carried
    /// out twice under one name does no harm.
    joining: Option<WorkerId>,
}

impl Names {
    /// The name to join under, and the one that it takes over from.
    fn next(&mut self) -> (&WorkerId, Option<&WorkerId>) {
        let worker = self.joining.get_or_insert_with(WorkerId::generate);
        (worker, self.current.as_ref())
    }

    /// The join was answered.
    fn joined(&mut self) {
        self.current = self.joining.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(names: &mut Names) -> (WorkerId, Option<WorkerId>) {
        let (worker, former) = names.next();
        (worker.clone(), former.cloned())
    }

    #[test]
    fn every_try_of_a_join_is_made_under_one_name() {
        let mut names = Names::default();
        let first = tried(&mut names);
        assert_eq!(first.1, None, "there is nothing to take over");
        assert_eq!(tried(&mut names), first);
        names.joined();
        assert_eq!(names.current.as_ref(), Some(&first.0));
        let second = tried(&mut names);
        assert_eq!(second.1, Some(first.0.clone()), "it takes over what the first holds");
        assert_ne!(second.0, first.0);
        assert_eq!(names.current, Some(first.0), "until the join is answered");
        names.joined();
        assert_eq!((names.current, names.joining), (Some(second.0), None));
    }
}
