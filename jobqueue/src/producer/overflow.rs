//! Jobs that don't fit into their queue, if the queue says where they go.

use std::ops::Range;

use bytes::Bytes;
use tracing::error;

use super::split_plan::SplitPlan;
use crate::{
    error::{Error, Refused, Result},
    error_chain::chain,
    group_commit::Sender,
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

/// How many jobs move to the dead-letter queue in one call.
const STEP: usize = 100;

/// A batch that doesn't fit.
pub(super) struct Away<'a, 'b> {
    pub(super) jobs: &'a [NewJob],
    pub(super) plan: &'a mut SplitPlan,
    pub(super) sender: &'a mut Sender<'b>,
}

/// Makes room in a full queue, or sends new jobs to its dead-letter queue, as the queue says.
#[derive(Debug)]
pub(super) struct OverflowHandler {
    pub(super) store: QueueStore,
    pub(super) relays: Relays,
}

impl OverflowHandler {
    /// Handles a part of a batch that doesn't fit. It is either planned once more, or sent away,
    /// which the answer says of each of its jobs.
    pub(super) async fn overflow(
        &self,
        away: &mut Away<'_, '_>,
        part: Range<usize>,
        full: &Full,
    ) -> Result<Duplicates> {
        let Away { jobs, plan, sender } = away;
        let refused = || {
            let queue = self.store.name().clone();
            Error::from(Refused::QueueFull { queue, cap: full.cap })
        };
        let room = usize::try_from(full.room).unwrap_or(usize::MAX);
        let cap = usize::try_from(full.cap).unwrap_or(usize::MAX);
        match full.overflow {
            Overflow::DropOldest if cap > 0 => {
                if !plan.may_make_room() {
                    return Err(refused());
                }
                if part.len() > cap {
                    plan.split(&part, cap);
                } else {
                    self.drop_oldest(part.len().saturating_sub(room), full).await?;
                    plan.again(part);
                }
                Ok(Duplicates::new())
            }
            Overflow::DropOldest | Overflow::DeadLetter => {
                let Some(to) = &full.dead_letter else { return Err(refused()) };
                let batch = jobs.get(part.clone()).unwrap_or_default();
                let plain = batch.iter().all(|job| job.unique.is_none() && !job.chosen_id);
                // Some may exist already, or fit: the parts get smaller until that is known of
                // each.
                if part.len() > 1 && room > 0 {
                    plan.split(&part, room);
                    return Ok(Duplicates::new());
                } else if part.len() > 1 && !plain {
                    plan.split(&part, part.len() / 2);
                    return Ok(Duplicates::new());
                }
                if !self.send_away(sender, batch, to).await? {
                    return Err(refused());
                }
                Ok(part.map(|index| (index, Instead::Overflowed)).collect())
            }
            Overflow::Refuse => Err(refused()),
        }
    }

    /// Sends new jobs to the dead-letter queue, all or none, and answers which.
    async fn send_away(
        &self,
        sender: &mut Sender<'_>,
        jobs: &[NewJob],
        to: &QueueName,
    ) -> Result<bool> {
        let dead_letters = jobs.iter().map(|job| {
            self.dead_letter(&job.id, Bytes::from(job.record.clone()), to, job.id.clone())
        });
        let Some(dead_letters) = dead_letters.collect::<Option<Vec<Effect>>>() else {
            return Ok(false);
        };
        for effects in chunks(&dead_letters, Effect::size) {
            self.store.call_retrying(&Enqueue { effects, call: sender.call() }).await?;
        }
        self.relays.start(self.store.name());
        Ok(true)
    }

    /// Removes `count` jobs from the head of the queue; to its dead-letter queue, if it has one.
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
                // A worker took one of them first: there is room now, or the next attempt makes
                // some.
                Ok(_) | Err(Error::Refused(Refused::WrongState { .. })) => Ok(()),
                Err(error) => Err(error),
            };
        };
        for ids in ids.chunks(STEP) {
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

    /// The dead letter of a job, with an id of its own; none if it can't be written.
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
                error!(queue, %id, problem = %chain(&problem), "an overflowing job can't be written as a dead letter");
                None
            }
        }
    }
}
