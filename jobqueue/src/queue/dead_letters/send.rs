//! One step of a redrive: dead letters whose jobs can come back to their queues are sent there.

use std::collections::{BTreeMap, HashMap};

use tracing::warn;

use super::{DeadLetters, dead_letter_of};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{
        Along, Arrival, DeadLetter, Effect, FailureReason, JobId, JobInfo, Priority, QueueName,
        Target,
    },
    store::{chunks, job, outbox},
};

/// A dead letter by its id in its queue.
pub(super) type Letter = (JobId, DeadLetter);

/// What became of the dead letters of a step.
pub(super) struct Sent {
    /// How many have gone.
    pub(super) count: u64,
    /// Those that stay, each with the job that is in the way of theirs.
    pub(super) kept: Vec<(Letter, JobId)>,
}

/// A dead letter, and what its job's record says of the way back.
struct Candidate {
    letter: Letter,
    priority: Priority,
    arrival: Arrival,
}

impl Candidate {
    fn new(letter: Letter) -> Self {
        // A record that can't be read goes back as it is, and fails there again.
        let record = letter.1.record().ok();
        let mut arrival = record.as_ref().map(Arrival::of).unwrap_or_default();
        if letter.1.failure.reason != FailureReason::Overflow {
            // It has run, so it was due, even if it was added for later and then promoted.
            arrival.due_ms = None;
        }
        let priority = record.map(|record| record.options.priority).unwrap_or_default();
        Self { letter, priority, arrival }
    }

    fn job(&self) -> (&JobId, Option<&str>) {
        let key = self.arrival.unique.as_ref().map(|unique| unique.key.as_str());
        (&self.letter.1.id, key)
    }

    fn effect(&self) -> Effect {
        let (_, dead_letter) = &self.letter;
        Effect {
            to: Target::Queue(dead_letter.queue.clone()),
            id: dead_letter.id.clone(),
            priority: self.priority,
            record: dead_letter.record_bytes().to_vec(),
            along: Along::Arrival(self.arrival.clone()),
        }
    }
}

impl DeadLetters {
    /// The jobs of these ids as they are now; none where one is gone, or can't be read.
    pub(super) async fn read(&self, ids: &[JobId]) -> Result<Vec<Read>> {
        let store = self.queue().store();
        match store.read_jobs(ids).await {
            Ok(found) => Ok(found.into_iter().map(Read::of).collect()),
            // One that can't be read doesn't keep the others here.
            Err(Error::Corrupt(problem)) => {
                let [id] = ids else {
                    let mut all = Vec::with_capacity(ids.len());
                    for id in ids {
                        all.extend(Box::pin(self.read(std::slice::from_ref(id))).await?);
                    }
                    return Ok(all);
                };
                warn!(%id, problem = %chain(&problem), "left out of a redrive");
                Ok(vec![Read::Other])
            }
            Err(error) => Err(error),
        }
    }

    /// Takes dead letters out of this queue, and brings their jobs to their own queues. One whose
    /// job would meet another of the same id or unique key stays.
    pub(super) async fn send(&self, letters: Vec<Letter>) -> Result<Sent> {
        let queue = self.queue();
        let candidates: Vec<Candidate> = letters.into_iter().map(Candidate::new).collect();
        let mut met = self.met(&candidates).await?;
        let (mut kept, mut jobs) = (Vec::new(), Vec::new());
        for (index, candidate) in candidates.into_iter().enumerate() {
            match met.remove(&index) {
                Some(other) => kept.push((candidate.letter, other)),
                None => jobs.push((candidate.letter.0.clone(), candidate.effect())),
            }
        }
        let mut count = 0;
        for jobs in chunks(&jobs, |(_, effect)| effect.size()) {
            let transfer = job::Transfer { jobs };
            count += queue.store().call_retrying(&transfer).await?;
        }
        queue.client().relays().relay(queue.name()).await?;
        Ok(Sent { count, kept })
    }

    /// By index, the job that each would meet in its queue: one that is there, or one that goes
    /// before it.
    async fn met(&self, candidates: &[Candidate]) -> Result<HashMap<usize, JobId>> {
        let queue = self.queue();
        let mut by_queue: BTreeMap<&QueueName, Vec<usize>> = BTreeMap::new();
        for (index, candidate) in candidates.iter().enumerate() {
            by_queue.entry(&candidate.letter.1.queue).or_default().push(index);
        }
        let mut met = HashMap::new();
        for (target, indexes) in by_queue {
            let store = queue.client().store().queue(target);
            // First, so that its workers relay what this process no longer could.
            store.call_retrying(&outbox::RegisterSource { source: queue.name() }).await?;
            let of_target = || indexes.iter().filter_map(|index| candidates.get(*index));
            let jobs: Vec<_> = of_target().map(Candidate::job).collect();
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

/// A job of a dead-letter queue, as it was read.
pub(super) enum Read {
    Letter(Letter),
    /// It is no dead letter, or can't be read.
    Other,
    Gone,
}

impl Read {
    fn of(info: Option<JobInfo>) -> Self {
        let Some(info) = info else { return Self::Gone };
        match dead_letter_of(&info) {
            Some(dead_letter) => Self::Letter((info.id, dead_letter)),
            None => Self::Other,
        }
    }
}
