//! Jobs that leave a queue for another one, and take their places there.

use std::collections::{BTreeMap, HashMap};

use super::Queue;
use crate::{
    error::{Operation, Refused, Result},
    job::{Along, Arrival, Effect, JobId, JobState, Priority, QueueName, Target},
    store::{
        chunks,
        job::{Departure, Transfer, Transferred},
        outbox,
    },
};

/// A job that leaves its queue, and the one that arrives in another.
#[derive(Debug)]
pub(super) struct Leaver {
    /// Its id here.
    pub(super) here: JobId,
    /// In which of these states it may be by then.
    pub(super) from: Vec<JobState>,
    /// Of its record here, as it was read.
    pub(super) digest: String,
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
    /// Those that stay, by their index.
    pub(super) kept: HashMap<usize, Stay>,
}

/// Why a job has not left.
pub(super) enum Stay {
    /// This job of its new queue has its id there.
    IdHeld(JobId),
    /// This job of its new queue has its unique key.
    KeyHeld(JobId),
    /// Its dead letter waits elsewhere.
    DeadLettered,
    /// It is active, or in a state that isn't meant any more.
    In(JobState),
    /// It isn't as it was found: edited, or replaced.
    Changed,
    Gone,
}

impl Stay {
    fn of(transferred: Transferred) -> Option<Self> {
        match transferred {
            Transferred::Sent => None,
            Transferred::DeadLettered => Some(Self::DeadLettered),
            Transferred::Stays(state) => Some(Self::In(state)),
            Transferred::Changed => Some(Self::Changed),
            Transferred::Unknown => Some(Self::Gone),
        }
    }

    /// The job that is in the way.
    pub(super) fn met(&self) -> Option<&JobId> {
        match self {
            Self::IdHeld(other) | Self::KeyHeld(other) => Some(other),
            Self::DeadLettered | Self::In(_) | Self::Changed | Self::Gone => None,
        }
    }

    /// The refusal to do `what` with a job of a queue.
    pub(super) fn refused(self, what: &'static str, queue: &QueueName, id: &JobId) -> Refused {
        let operation = Operation::on_job(what, queue, id);
        match self {
            Self::IdHeld(holder) => Refused::IdHeld { operation, holder },
            Self::KeyHeld(holder) => Refused::KeyHeld { operation, holder },
            Self::DeadLettered => Refused::DeadLettered { operation },
            Self::In(state) => Refused::WrongState { operation, state },
            Self::Changed => Refused::Conflict { operation },
            Self::Gone => Refused::NotFound { queue: queue.clone(), id: id.clone() },
        }
    }
}

impl Leaver {
    fn job(&self) -> (&JobId, Option<&str>) {
        (&self.id, self.arrival.unique.as_ref().map(|unique| unique.key.as_str()))
    }

    fn departure(self) -> Departure {
        let to = Target::Queue(self.to);
        let along = Along::Arrival(self.arrival);
        let Self { here, from, digest, id, priority, record, .. } = self;
        Departure { id: here, from, digest, effect: Effect { to, id, priority, record, along } }
    }
}

impl Queue {
    /// Takes jobs out of this queue, and brings them to their new ones. One that would meet another
    /// of the same id or unique key stays. Whoever waits for an answer goes on waiting.
    pub(super) async fn relocate(&self, leavers: Vec<Leaver>) -> Result<Relocated> {
        let mut kept = self.met(&leavers).await?;
        let leavers = leavers.into_iter().enumerate();
        let leavers = leavers.filter(|(index, _)| !kept.contains_key(index));
        let (indexes, jobs): (Vec<_>, Vec<_>) =
            leavers.map(|(index, leaver)| (index, leaver.departure())).unzip();
        let mut answers = Vec::with_capacity(jobs.len());
        for jobs in chunks(&jobs, |job| job.effect.size()) {
            answers.extend(self.store().call_retrying(&Transfer { jobs, why: None }).await?);
        }
        self.client().relays().relay(self.name()).await?;
        let mut count = 0;
        for (index, answer) in indexes.into_iter().zip(answers) {
            match Stay::of(answer) {
                Some(stay) => drop(kept.insert(index, stay)),
                None => count += 1,
            }
        }
        Ok(Relocated { count, kept })
    }

    /// By index, those that would meet a job in their queue: one that is there, or one that goes
    /// before them.
    async fn met(&self, leavers: &[Leaver]) -> Result<HashMap<usize, Stay>> {
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
                    let is_id = other == *id;
                    let stay = if is_id { Stay::IdHeld(other) } else { Stay::KeyHeld(other) };
                    met.insert(*index, stay);
                } else {
                    ids.insert(id, id);
                    keys.extend(key.map(|key| (key, id)));
                }
            }
        }
        Ok(met)
    }
}
