//! Moving all jobs that a filter means to another queue.

use super::{Act, Acted, Bulk, awaited};
use crate::{
    error::Result,
    job::{Arrival, JobInfo, JobState, Priority},
    queue::{
        Find, JobHandle, Queue,
        relocate::{Leaver, Relocated},
    },
    value_error::Invalid,
};

/// What [`Find::move_to`] does.
#[derive(Clone, Debug)]
pub struct MoveJobs {
    to: Queue,
}

impl Find {
    /// Moves all jobs that the filter means to another queue of the same client: those that are
    /// delayed or wait, unless the filter names states. Set options, then await it.
    ///
    /// A job keeps its id, its priority, its due time, its unique key, and whoever waits for its
    /// reply; its time to live begins again, and its attempts are counted anew. It leaves this
    /// queue in one step and arrives once, as a dead letter does, even if processes die on the way.
    /// A job that would meet another of its id or its unique key there stays, and is
    /// [refused](crate::find::BulkReport::refusals), as is one that runs, has ended, was edited or
    /// has gone by then, and a failed one with a dead letter, which comes back from there. A handle that waits for its
    /// result waits in the queue that it has left, and hears that the job has gone.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, Queue};
    /// # async fn example(orders: Queue, bulk: Queue) -> jobqueue::Result<()> {
    /// let report = orders.find(JobFilter::new().header("tenant", "a")).move_to(&bulk).await?;
    /// println!("{} moved, {} stay", report.done, report.refused);
    /// # Ok(())
    /// # }
    /// ```
    pub fn move_to<'a>(self, to: &Queue) -> Bulk<'a, MoveJobs> {
        Bulk::new(self.into_seek(), MoveJobs { to: to.clone() })
    }
}

impl<T> JobHandle<T> {
    /// Moves a job that waits or is delayed to another queue of the same client, as
    /// [`Find::move_to`] does.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue, id: jobqueue::JobId, bulk: jobqueue::Queue)
    /// # -> jobqueue::Result<()> {
    /// orders.job(id).move_to(&bulk).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refused::NotFound`](crate::error::Refused::NotFound) if it has been removed,
    /// [`Refused::WrongState`](crate::error::Refused::WrongState) unless it waits or is delayed,
    /// [`Refused::IdHeld`](crate::error::Refused::IdHeld) and
    /// [`Refused::KeyHeld`](crate::error::Refused::KeyHeld) if a job of that queue has its id or its
    /// unique key, [`Refused::Conflict`](crate::error::Refused::Conflict) if it was edited meanwhile.
    pub async fn move_to(&self, to: &Queue) -> Result<()> {
        let on = format!("{} to {}", self.id(), to.name());
        let action = MoveJobs { to: to.clone() };
        let queue = self.queue();
        let moved = async {
            action.check(queue)?;
            let acted = action.act(queue, vec![self.info().await?], MoveJobs::STATES).await?;
            acted.refused.into_iter().next().map_or(Ok(()), |(_, refused)| Err(refused.into()))
        };
        queue.audited("move", Some(&on), moved).await
    }
}

impl Act for MoveJobs {
    const NAME: &'static str = "move";
    const AUDITED: &'static str = "move_where";
    const STATES: &'static [JobState] =
        &[JobState::WaitingChildren, JobState::Delayed, JobState::Waiting];

    fn check(&self, queue: &Queue) -> Result<()> {
        if !self.to.client().is_same(queue.client()) {
            let problem = format!("queue {} to move to is another client's", self.to.name());
            let advice = "make it by the client of the queue that the jobs leave";
            return Err(Invalid::setup(problem, advice).into());
        }
        if self.to.name() == queue.name() {
            let advice = "name another queue";
            return Err(Invalid::new("queue to move to", self.to.name().as_str(), advice).into());
        }
        Ok(())
    }

    async fn act(&self, queue: &Queue, jobs: Vec<JobInfo>, from: &[JobState]) -> Result<Acted> {
        let ids: Vec<_> = jobs.iter().map(|job| job.id.clone()).collect();
        let leavers = jobs.into_iter().map(|job| self.leaver(job, from)).collect();
        let Relocated { count, kept } = queue.relocate(leavers).await?;
        let mut acted = Acted { done: count, refused: Vec::new() };
        for (index, stay) in kept {
            let Some(id) = ids.get(index) else { continue };
            let refused = stay.refused("move a job", queue.name(), id);
            acted.count(id.clone(), Err::<(), _>(refused));
        }
        Ok(acted)
    }
}

impl MoveJobs {
    fn leaver(&self, job: JobInfo, from: &[JobState]) -> Leaver {
        let mut arrival = Arrival::of(&job.record);
        // As it is now: it may have been promoted, or delayed anew.
        arrival.due_ms = job.due_at.map(|due| due.timestamp_millis());
        Leaver {
            here: job.id.clone(),
            from: from.to_vec(),
            digest: job.record.digest(),
            to: self.to.name().clone(),
            id: job.id,
            priority: Priority::try_from(job.priority).unwrap_or_default(),
            record: job.record.encode(),
            arrival,
        }
    }
}

awaited!(MoveJobs);
