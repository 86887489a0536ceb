//! Looking for jobs.

mod back;
mod cursor;
mod finder;
mod looked;
mod search;
mod sieve;
mod walk;

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt as _, stream};

pub(super) use self::finder::{Finder, Seek};
use self::sieve::Subject;
pub use self::{
    cursor::SearchCursor,
    looked::Looked,
    search::{FoundJob, Search, SearchPage},
};
use super::{DeadLetters, Queue};
use crate::{
    error::Result,
    job::{JobFilter, JobInfo},
};

impl Queue {
    /// Looks for jobs, in the order of the queue and of one state after the other: delayed,
    /// waiting, active, completed, failed, cancelled.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, JobState, Queue};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let filter = JobFilter::new().state(JobState::Failed).payload("order.user", 42);
    /// let mut found = orders.find(filter);
    /// while let Some(job) = found.next().await {
    ///     let job = job?;
    ///     println!("{}: {:?}", job.id, job.errors);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(&self, filter: JobFilter) -> Find {
        Find::new(Seek { queue: self.clone(), filter, subject: Subject::Jobs })
    }
}

impl DeadLetters {
    /// Looks for dead letters that wait, by the jobs that failed: the filter's name, headers,
    /// payload and age are those of such a job, and its errors and its end are those that the
    /// dead letter tells of. It names no state: that is
    /// [`Error::Invalid`](crate::Error::Invalid). What is found are the jobs of this queue, in its order, with a
    /// [`DeadLetter`](crate::dead_letter::DeadLetter) as their payload.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, dead_letter::{DeadLetter, DeadLetters}};
    /// # async fn example(dead: DeadLetters) -> jobqueue::Result<()> {
    /// let mut found = dead.find(JobFilter::new().name("charge").payload("order.user", 42));
    /// while let Some(job) = found.next().await {
    ///     println!("{}", job?.payload::<DeadLetter>()?.failure);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(&self, filter: JobFilter) -> Find {
        let queue = self.queue().clone();
        Find::new(Seek { queue, filter, subject: Subject::DeadLetters })
    }
}

/// Jobs that a filter means, as a [`Stream`]; see [`Queue::find`]. Or something is done to all of
/// them: [`cancel`](Self::cancel), [`retry`](Self::retry), [`remove`](Self::remove),
/// [`move_to`](Self::move_to), [`redrive`](Self::redrive).
///
/// Each call looks at 200 jobs at most, and at a mebibyte of what they carry: it holds Redis for
/// about a millisecond, however many jobs there are. Nothing is read ahead of what is asked for.
///
/// There is no snapshot: each job is given as it is when it is read, and once. One that moves
/// meanwhile may be missed if it moves to where the search has been, as a failed job that is run
/// again. What is added or moves behind the end that a state had when the search came there isn't
/// looked at, so the search ends. A job whose record or payload can't be read isn't found; it is
/// [counted](Self::looked).
///
/// # Cancel safety
/// It may be dropped at any time, and so may a future of [`next`](Self::next): no job is missed by
/// that.
///
/// # Errors
/// Those of any call, as items; [`Error::Invalid`](crate::Error::Invalid) for a path that leads
/// nowhere. The search then goes on where it was, if it is asked again.
#[must_use = "it looks when it is asked for the next job"]
pub struct Find {
    seek: Seek,
    jobs: Pin<Box<dyn Stream<Item = Result<JobInfo>> + Send>>,
    looked: Arc<Mutex<Looked>>,
}

impl Find {
    fn new(seek: Seek) -> Self {
        let looked = Arc::new(Mutex::new(Looked::default()));
        let search = match Finder::new(&seek, &walk::ORDER) {
            Ok(finder) => Walking::Goes(Box::new(finder), VecDeque::new()),
            Err(error) => Walking::Fails(Some(error)),
        };
        let told = looked.clone();
        let jobs = stream::unfold((search, told), |(mut search, told)| async move {
            let job = search.next(&told).await?;
            Some((job, (search, told)))
        });
        Self { seek, jobs: Box::pin(jobs), looked }
    }

    /// What it looks for.
    pub(super) fn into_seek(self) -> Seek {
        self.seek
    }

    /// The next job; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<JobInfo>> {
        self.jobs.next().await
    }

    /// How far the search is.
    #[must_use]
    pub fn looked(&self) -> Looked {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Find {
    type Item = Result<JobInfo>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.jobs.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Find").field("looked", &self.looked()).finish_non_exhaustive()
    }
}

enum Walking {
    /// With jobs that were found and are not given yet.
    Goes(Box<Finder>, VecDeque<JobInfo>),
    /// The filter can't be used.
    Fails(Option<crate::Error>),
}

impl Walking {
    async fn next(&mut self, looked: &Mutex<Looked>) -> Option<Result<JobInfo>> {
        let (finder, found) = match self {
            Self::Goes(finder, found) => (finder, found),
            Self::Fails(error) => return error.take().map(Err),
        };
        loop {
            if let Some(job) = found.pop_front() {
                return Some(Ok(job));
            }
            let step = finder.step().await;
            *looked.lock().unwrap_or_else(PoisonError::into_inner) = finder.looked();
            match step {
                Ok(jobs) => found.extend(jobs?),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
