//! Jobs that leave a queue for another one, and take their places there.

use std::collections::{BTreeMap, HashMap};

use super::Queue;
use crate::{
    error::Result,
    job::{Along, Arrival, Effect, JobId, Priority, QueueName, Target},
    store::{chunks, job, outbox},
};

/// A job that leaves its queue, and the one that arrives in another.
#[derive(Debug)]
pub(super) struct Leaver {
    /// Its id here.
    pub(super) here: JobId,
    pub(super) to: QueueName,
    /// Its id there.
    pub(super) id: JobId,
    pub(super) priority: Priority,
    pub(super) record: Vec<u8>,
    pub(super) arrival: Arrival,
}

/// What became of jobs that were to leave.
pub(super) struct Relocated {
    /// How many have gone.
    pub(super) count: u64,
    /// Those that stay, by their index, each with the job that is in the way of it.
    pub(super) kept: HashMap<usize, JobId>,
}

impl Leaver {
    fn job(&self) -> (&JobId, Option<&str>) {
        (&self.id, self.arrival.unique.as_ref().map(|unique| unique.key.as_str()))
    }

    fn effect(self) -> (JobId, Effect) {
        let to = Target::Queue(self.to);
        let along = Along::Arrival(self.arrival);
        let Self { id, priority, record, .. } = self;
        (self.here, Effect { to, id, priority, record, along })
    }
}

impl Queue {
    /// Takes jobs out of this queue, and brings them to their new ones. One that would meet another
    /// of the same id or unique key stays. Whoever waits for an answer goes on waiting.
    pub(super) async fn relocate(&self, leavers: Vec<Leaver>) -> Result<Relocated> {
        let kept = self.met(&leavers).await?;
        let leavers = leavers.into_iter().enumerate();
        let leavers = leavers.filter(|(index, _)| !kept.contains_key(index));
        let jobs: Vec<_> = leavers.map(|(_, leaver)| leaver.effect()).collect();
        let mut count = 0;
        for jobs in chunks(&jobs, |(_, effect)| effect.size()) {
            count += self.store().call_retrying(&job::Transfer { jobs, why: None }).await?;
        }
        self.client().relays().relay(self.name()).await?;
        Ok(Relocated { count, kept })
    }

    /// By index, the job that each would meet in its queue: one that is there, or one that goes
    /// before it.
    async fn met(&self, leavers: &[Leaver]) -> Result<HashMap<usize, JobId>> {
        let mut by_queue: BTreeMap<&QueueName, Vec<usize>> = BTreeMap::new();
        for (index, leaver) in leavers.iter().enumerate() {
            by_queue.entry(&leaver.to).or_default().push(index);
        }
        let mut met = HashMap::new();
        for (target, indexes) in by_queue {
            let store = self.client().store().queue(target);
            // First, so that its workers relay what this process no longer could.
            store.call_retrying(&outbox::RegisterSource { source: self.name() }).await?;
            let of_target = || indexes.iter().filter_map(|index| leavers.get(*index));
            let jobs: Vec<_> = of_target().map(Leaver::job).collect();
            let there = store.call_retrying(&outbox::Meet { jobs: &jobs }).await?;
            let (mut ids, mut keys) = (HashMap::new(), HashMap::new());
            for ((index, (id, key)), there) in indexes.iter().zip(jobs).zip(there) {
                let before = ids.get(id).or_else(|| keys.get(key?));
                if let Some(other) = there.or_else(|| before.map(|it: &&JobId| (*it).clone())) {
                    met.insert(*index, other);
                } else {
                    ids.insert(id, id);
                    keys.extend(key.map(|key| (key, id)));
                }
            }
        }
        Ok(met)
    }
}
