//! Jobs that don't fit into their queue, if the queue says where they go.

use std::ops::Range;

use bytes::Bytes;
use tracing::error;

use super::split_plan::SplitPlan;
use crate::{
    clock,
    error::{Error, Refused, Result},
    error_chain::chain,
    job::{
        Along, DeadLetter, Effect, FailureReason, Gone, JobFailure, JobId, JobInfo, JobState,
        Priority, QueueName, Target,
    },
    outbox::Relays,
    policy::Overflow,
    store::{
        QueueStore, chunks,
        job::{self, Departure, Duplicates, Full, Instead, NewJob},
        outbox::Enqueue,
        queue,
    },
};

/// How many jobs move to the dead-letter queue in one call.
const STEP: usize = 100;

/// In which states jobs count for a queue's length, and make room.
const WAITS: [JobState; 2] = [JobState::Waiting, JobState::Delayed];

/// A batch that doesn't fit.
pub(super) struct Away<'a> {
    pub(super) jobs: &'a [NewJob],
    pub(super) plan: &'a mut SplitPlan,
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
        away: &mut Away<'_>,
        part: Range<usize>,
        full: &Full,
    ) -> Result<Duplicates> {
        let Away { jobs, plan } = away;
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
                if !self.send_away(batch, to).await? {
                    return Err(refused());
                }
                Ok(part.map(|index| (index, Instead::Overflowed)).collect())
            }
            Overflow::Refuse => Err(refused()),
        }
    }

    /// Sends new jobs to the dead-letter queue, all or none, and answers which. Their ids there
    /// follow from what they are, so jobs to which callers gave one id, in this queue or in others,
    /// don't meet there.
    async fn send_away(&self, jobs: &[NewJob], to: &QueueName) -> Result<bool> {
        let dead_letters = jobs.iter().map(|job| {
            let own = job.id.derived(&[self.store.name().as_str().as_bytes(), &job.record]);
            self.dead_letter(Leaving::new(job.id.clone(), Bytes::from(job.record.clone())), to, own)
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

    /// Removes the `count` jobs that have waited for the longest time; to the dead-letter queue, if
    /// there is one.
    async fn drop_oldest(&self, count: usize, full: &Full) -> Result<()> {
        let mut left = count.max(1);
        while left > 0 {
            let oldest = queue::Oldest { most: left.min(STEP) };
            let ids = self.store.call_retrying(&oldest).await?;
            if ids.is_empty() {
                break;
            }
            match &full.dead_letter {
                Some(to) => self.move_away(&ids, to).await?,
                None => {
                    // A worker may take some of them first: there is room now, or the next attempt
                    // makes some.
                    let (ids, from) = (&ids, &WAITS);
                    let remove = job::Remove { ids, why: Gone::Overflow, from };
                    self.store.call_retrying(&remove).await?;
                }
            }
            left = left.saturating_sub(ids.len());
        }
        self.relays.start(self.store.name());
        Ok(())
    }

    /// Moves waiting jobs to the dead-letter queue.
    async fn move_away(&self, ids: &[JobId], to: &QueueName) -> Result<()> {
        let found = self.store.read_jobs(ids).await?;
        let departure = |info: JobInfo| {
            let (id, digest) = (info.id.clone(), info.record.digest());
            let effect = self.dead_letter(info.into(), to, JobId::generate())?;
            Some(Departure { id, from: WAITS.to_vec(), digest, effect })
        };
        let jobs: Vec<_> = found.into_iter().flatten().filter_map(departure).collect();
        for jobs in chunks(&jobs, |job| job.effect.size()) {
            let transfer = job::Transfer { jobs, why: Some(Gone::Overflow) };
            self.store.call_retrying(&transfer).await?;
        }
        Ok(())
    }

    /// The dead letter of a job, with an id of its own; none if it can't be written.
    fn dead_letter(&self, job: Leaving, to: &QueueName, own: JobId) -> Option<Effect> {
        let queue = self.store.name().as_str();
        let Leaving { id, record, errors } = job;
        let failure = JobFailure {
            reason: FailureReason::Overflow,
            message: format!("queue {queue} was full"),
            causes: Vec::new(),
            attempt: errors.first().map_or(1, |newest| newest.attempt),
        };
        let dead_letter = DeadLetter::new(queue, id.clone(), record, failure, errors);
        match dead_letter.to_record() {
            Ok(record) => {
                let priority = Priority::default();
                let (to, record) = (Target::Queue(to.clone()), record.encode());
                Some(Effect { to, id: own, priority, record, along: Along::Nothing })
            }
            Err(problem) => {
                error!(queue, %id, problem = %chain(&problem), "an overflowing job can't be written as a dead letter");
                None
            }
        }
    }
}

/// A job that leaves its queue for a dead-letter queue.
struct Leaving {
    id: JobId,
    record: Bytes,
    /// Its failed attempts, newest first.
    errors: Vec<JobFailure>,
}

impl Leaving {
    fn new(id: JobId, record: Bytes) -> Self {
        Self { id, record, errors: Vec::new() }
    }
}

impl From<JobInfo> for Leaving {
    /// The job as it is now: its priority and its due time may have been changed.
    fn from(info: JobInfo) -> Self {
        let JobInfo { id, mut record, errors, .. } = info;
        record.options.priority = Priority::try_from(info.priority).unwrap_or_default();
        if info.due_at.is_some() || record.options.due_at > Some(clock::now()) {
            record.options.due_at = info.due_at;
        }
        Self { id, record: Bytes::from(record.encode()), errors }
    }
}
