//! Cancelling jobs, wherever they are.

use std::{
    collections::{HashMap, HashSet},
    future::IntoFuture,
    pin::Pin,
};

use super::{Queue, job_handle::JobHandle};
use crate::{
    error::{Error, Operation, Refused, Result},
    job::{CancelMark, Cancelled, JobId, JobState},
    store::{
        MAX_BATCH,
        job::{self, Whereabouts},
    },
};

const ACTION: &str = "cancel a job";

impl<T> JobHandle<T> {
    /// Cancels the job, wherever it is: set options, then await it.
    ///
    /// One that waits or is delayed ends as cancelled at once. One that runs is told to stop within
    /// a moment, in whatever process that is: [`Context::cancelled`](crate::Context::cancelled)
    /// fires, and the run may end in its own way within its grace time. If it has a result by then,
    /// the job completes, since the work was done; otherwise it ends as cancelled.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue, id: jobqueue::JobId) -> jobqueue::Result<()> {
    /// orders.job(&id).cancel().by("ops").reason("the order was withdrawn").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&self) -> Cancel {
        let (queue, id) = (self.queue().clone(), self.id().clone());
        Cancel { queue, id, mark: CancelMark::default() }
    }
}

impl Queue {
    /// Cancels many jobs, as [`JobHandle::cancel`] does one: set options, then await it.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue, ids: Vec<jobqueue::JobId>) -> jobqueue::Result<()> {
    /// for answer in orders.cancel_all(ids).reason("the sale is off").await? {
    ///     println!("{answer:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_all(&self, ids: impl IntoIterator<Item = impl Into<JobId>>) -> CancelAll {
        let ids = ids.into_iter().map(Into::into).collect();
        CancelAll { queue: self.clone(), ids, mark: CancelMark::default() }
    }

    /// One step: at most as many ids as go into a call, and none twice; of those in these states, or
    /// wherever they are if there are none.
    pub(super) async fn cancel_some(
        &self,
        ids: &[JobId],
        mark: &CancelMark,
        from: &[JobState],
    ) -> Result<Vec<Whereabouts>> {
        let mark = &mark.encode();
        let places = self.store().call_retrying(&job::Cancel { ids, mark, from }).await?;
        self.tell_others();
        Ok(places)
    }

    /// What an answer means.
    pub(super) fn cancelled(&self, id: &JobId, place: Whereabouts) -> Result<Cancelled, Refused> {
        match place {
            Whereabouts::Ended => Ok(Cancelled::Ended),
            Whereabouts::Runs(worker) => Ok(Cancelled::Told(worker)),
            Whereabouts::Over(state) => {
                let operation = Operation::on_job(ACTION, self.name(), id);
                Err(Refused::WrongState { operation, state })
            }
            Whereabouts::Unknown => {
                Err(Refused::NotFound { queue: self.name().clone(), id: id.clone() })
            }
        }
    }
}

/// The options of all that cancels, whose mark is in this field.
macro_rules! setters {
    ($($mark:ident).+) => {
        /// Says why, for the job's outcome and the run's context; at most 500 characters.
        pub fn reason(mut self, reason: impl Into<String>) -> Self {
            self.$($mark).+.reason.reason = Some(reason.into());
            self
        }

        /// Says who cancels it; at most 500 characters.
        pub fn by(mut self, who: impl Into<String>) -> Self {
            self.$($mark).+.reason.by = Some(who.into());
            self
        }

        /// How long a run may take to end by itself before it is aborted. By default what its
        /// handler says, which is 10 s if that says nothing.
        pub fn grace(mut self, grace: std::time::Duration) -> Self {
            self.$($mark).+.grace = Some(grace);
            self
        }

        /// How many cancelled jobs of the queue are kept, whoever cancelled them: the newest 5,000
        /// by default.
        pub fn retain(mut self, retain: $crate::Retain) -> Self {
            self.$($mark).+.retain = retain;
            self
        }
    };
}

pub(crate) use setters;

/// A job about to be cancelled; see [`JobHandle::cancel`].
///
/// # Errors
/// [`Refused::NotFound`] if there is no such job any more: it was removed, isn't kept, or runs at
/// most once and has begun. [`Refused::WrongState`] with its state if it had ended; also if a call
/// whose answer was lost had cancelled it.
#[must_use = "the job is cancelled when this is awaited"]
#[derive(Clone, Debug)]
pub struct Cancel {
    queue: Queue,
    id: JobId,
    mark: CancelMark,
}

impl Cancel {
    setters!(mark);

    async fn run(self) -> Result<Cancelled> {
        let Self { queue, id, mark } = &self;
        mark.validate()?;
        let mut places = queue.cancel_some(std::slice::from_ref(id), mark, &[]).await?;
        let place = places.pop().unwrap_or(Whereabouts::Unknown);
        queue.cancelled(id, place).map_err(Error::from)
    }
}

impl IntoFuture for Cancel {
    type Output = Result<Cancelled>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (queue, id) = (self.queue.clone(), self.id.clone());
            queue.audited("cancel", Some(&id), self.run()).await
        })
    }
}

/// Many jobs about to be cancelled; see [`Queue::cancel_all`].
///
/// Awaited, it cancels them in steps of 1,000. Its answer has one for each id, in their order, as
/// [`Cancel`] gives it.
///
/// # Errors
/// Those of any call; [`Operation::done`](crate::error::Operation::done) then says how many jobs
/// it had looked at.
#[must_use = "jobs are cancelled when this is awaited"]
#[derive(Clone, Debug)]
pub struct CancelAll {
    queue: Queue,
    ids: Vec<JobId>,
    mark: CancelMark,
}

impl CancelAll {
    setters!(mark);

    async fn run(self) -> Result<Vec<Result<Cancelled, Refused>>> {
        let Self { queue, ids, mark } = &self;
        mark.validate()?;
        let (mut seen, mut places) = (HashSet::new(), HashMap::new());
        let distinct: Vec<JobId> = ids.iter().filter(|id| seen.insert(*id)).cloned().collect();
        for step in distinct.chunks(MAX_BATCH) {
            let found = queue.cancel_some(step, mark, &[]).await;
            let found = found.map_err(|error| error.after(places.len() as u64))?;
            places.extend(step.iter().zip(found));
        }
        let place = |id| places.get(id).cloned().unwrap_or(Whereabouts::Unknown);
        Ok(ids.iter().map(|id| queue.cancelled(id, place(id))).collect())
    }
}

impl IntoFuture for CancelAll {
    type Output = Result<Vec<Result<Cancelled, Refused>>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (queue, on) = (self.queue.clone(), format!("{} ids", self.ids.len()));
            queue.audited("cancel_all", Some(&on), self.run()).await
        })
    }
}
