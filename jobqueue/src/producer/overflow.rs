//! What becomes of jobs that don't fit into their queue, where the queue says so.

use std::{iter::once, ops::Range};

use bytes::Bytes;

use tracing::error;

use crate::{
    error::{Error, Refused, Result},
    error_chain::chain,
    job::{
        DeadLetter, Effect, FailureReason, JobFailure, JobId, JobState, Priority, QueueName, Target,
    },
    outbox::Relays,
    policy::Overflow,
    store::{
        QueueStore, chunks,
        job::{self, Duplicates, Full, Instead, NewJob},
        outbox::Enqueue,
        queue,
    },
};

/// How often room is made for one call that others then take.
const TRIES: usize = 50;

/// Sends what overflows to where the queue says.
#[derive(Debug)]
pub(crate) struct OverflowHandler {
    pub(crate) store: QueueStore,
    pub(crate) relays: Relays,
}

/// Jobs of a batch that are still to be added, as parts of it.
pub(crate) struct SplitPlan {
    parts: Vec<Range<usize>>,
    tries: usize,
}

impl SplitPlan {
    pub(crate) fn whole(jobs: &[NewJob]) -> Self {
        Self { parts: once(0..jobs.len()).collect(), tries: 0 }
    }

    /// The next part, in order.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        self.parts.pop()
    }

    /// A part once more, in two.
    fn split(&mut self, part: &Range<usize>, at: usize) {
        let middle = part.start + at.clamp(1, part.len() - 1);
        self.parts.extend([middle..part.end, part.start..middle]);
    }
}

impl OverflowHandler {
    /// A part of a batch doesn't fit: makes room and plans it anew, or answers what became of it.
    pub(crate) async fn overflow(
        &self,
        jobs: &[NewJob],
        part: Range<usize>,
        full: &Full,
        plan: &mut SplitPlan,
    ) -> Result<Duplicates> {
        let refused = || {
            let queue = self.store.name().clone();
            Error::from(Refused::QueueFull { queue, cap: full.cap })
        };
        let room = usize::try_from(full.room).unwrap_or(usize::MAX);
        let cap = usize::try_from(full.cap).unwrap_or(usize::MAX);
        match full.overflow {
            Overflow::DropOldest if cap > 0 => {
                plan.tries += 1;
                if plan.tries > TRIES {
                    return Err(refused());
                }
                if part.len() > cap {
                    plan.split(&part, cap);
                } else {
                    self.drop_oldest(part.len().saturating_sub(room), full).await?;
                    plan.parts.push(part);
                }
                Ok(Duplicates::new())
            }
            Overflow::DropOldest | Overflow::DeadLetter => {
                let Some(to) = &full.dead_letter else { return Err(refused()) };
                let batch = jobs.get(part.clone()).unwrap_or_default();
                let plain = batch.iter().all(|job| job.unique.is_none() && !job.chosen_id);
                // Some may be there already, or fit: each is looked at by itself, if need be.
                if part.len() > 1 && room > 0 {
                    plan.split(&part, room);
                    return Ok(Duplicates::new());
                } else if part.len() > 1 && !plain {
                    plan.split(&part, part.len() / 2);
                    return Ok(Duplicates::new());
                }
                if !self.send_away(batch, to).await? {
                    return Err(refused());
                }
                Ok(part.map(|index| (index, Instead::Overflowed)).collect())
            }
            Overflow::Refuse => Err(refused()),
        }
    }

    /// New jobs go to the dead-letter queue, under their own ids: sent twice, they arrive once. All or none.
    async fn send_away(&self, jobs: &[NewJob], to: &QueueName) -> Result<bool> {
        let dead_letters = jobs.iter().map(|job| {
            self.dead_letter(&job.id, Bytes::from(job.record.clone()), to, job.id.clone())
        });
        let Some(dead_letters) = dead_letters.collect::<Option<Vec<Effect>>>() else {
            return Ok(false);
        };
        for effects in chunks(&dead_letters, Effect::size) {
            self.store.call_retrying(&Enqueue { effects }).await?;
        }
        self.relays.start(self.store.name());
        Ok(true)
    }

    /// So many jobs leave at the head of the queue, for its dead-letter queue if it has one.
    async fn drop_oldest(&self, count: usize, full: &Full) -> Result<()> {
        let count = u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        let mut ids = Vec::new();
        for state in [JobState::Waiting, JobState::Delayed] {
            let left = count.saturating_sub(ids.len() as u64);
            if left > 0 {
                let page = queue::Page { state, offset: 0, count: left, newest_first: false };
                ids.extend(self.store.call_retrying(&page).await?);
            }
        }
        let Some(to) = &full.dead_letter else {
            return match self.store.call_retrying(&job::Remove { ids: &ids }).await {
                // A worker was faster with one of them: there is room now, or the next try makes some.
                Ok(_) | Err(Error::Refused(Refused::WrongState { .. })) => Ok(()),
                Err(error) => Err(error),
            };
        };
        for ids in ids.chunks(100) {
            let found = self.store.call_retrying(&job::Read { ids }).await?;
            let jobs: Vec<(JobId, Effect)> = found
                .into_iter()
                .flatten()
                .filter_map(|info| {
                    let record = Bytes::from(info.record.encode());
                    let dead_letter = self.dead_letter(&info.id, record, to, JobId::generate())?;
                    Some((info.id, dead_letter))
                })
                .collect();
            if !jobs.is_empty() {
                self.store.call_retrying(&job::Transfer { jobs: &jobs }).await?;
            }
        }
        self.relays.start(self.store.name());
        Ok(())
    }

    fn dead_letter(&self, id: &JobId, record: Bytes, to: &QueueName, own: JobId) -> Option<Effect> {
        let queue = self.store.name().as_str();
        let failure = JobFailure {
            reason: FailureReason::Overflow,
            message: format!("queue {queue} was full"),
            causes: Vec::new(),
            attempt: 1,
        };
        let dead_letter = DeadLetter::new(queue, id.clone(), record, failure, Vec::new());
        match dead_letter.to_record() {
            Ok(record) => {
                let priority = Priority::default();
                let to = Target::Queue(to.clone());
                Some(Effect { to, id: own, priority, record: record.encode() })
            }
            Err(problem) => {
                error!(queue, %id, problem = %chain(&problem), "a job that overflowed could not be written as a letter");
                None
            }
        }
    }
}
