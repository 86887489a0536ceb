//! What is done to all jobs that a filter means.

mod cancel;
mod move_to;
mod redrive;
mod remove;
mod report;
mod retry;

use std::fmt;

use tokio_util::sync::CancellationToken;
use tracing::info;

pub use self::{
    cancel::CancelJobs, move_to::MoveJobs, redrive::RedriveJobs, remove::RemoveJobs,
    report::BulkReport, retry::RetryJobs,
};
use super::{
    Queue,
    find::{Finder, Seek},
    pace::Pace,
};
use crate::{
    client,
    error::{Refused, Result},
    job::{JobId, JobInfo, JobState},
    policy::Rate,
};

type OnStep<'a> = Box<dyn FnMut(&BulkReport) + Send + 'a>;

/// One thing that is done to many jobs.
trait Act: Send + Sync {
    /// For the log: "cancel".
    const NAME: &'static str;
    /// The same in the audit log.
    const AUDITED: &'static str;
    /// Through which states to look, unless the filter names some, or dead letters are meant.
    const STATES: &'static [JobState];

    /// Checks what doesn't depend on a job.
    fn check(&self, queue: &Queue) -> Result<()>;

    /// In which states a job that was found in this one may be when it is done. Between finding and
    /// doing a worker may take it, and it may end, or be run again: then something else is to become
    /// of it than the filter meant.
    fn still(found: JobState, meant: &[JobState]) -> Vec<JobState> {
        if found.is_final() {
            return vec![found];
        }
        meant.iter().copied().filter(|state| !state.is_final()).collect()
    }

    /// Does it to those of some jobs, at most 100, that are still in one of these states.
    fn act(
        &self,
        queue: &Queue,
        jobs: Vec<JobInfo>,
        from: &[JobState],
    ) -> impl Future<Output = Result<Acted>> + Send;
}

/// The jobs of a step, each with those that may be in the same states by now.
fn by_states<A: Act>(jobs: Vec<JobInfo>, meant: &[JobState]) -> Vec<(Vec<JobState>, Vec<JobInfo>)> {
    let mut groups: Vec<(Vec<JobState>, Vec<JobInfo>)> = Vec::new();
    for job in jobs {
        let from = A::still(job.state, meant);
        match groups.iter_mut().find(|(states, _)| *states == from) {
            Some((_, jobs)) => jobs.push(job),
            None => groups.push((from, vec![job])),
        }
    }
    groups
}

/// What became of the jobs of a step.
#[derive(Debug, Default)]
struct Acted {
    done: u64,
    refused: Vec<(JobId, Refused)>,
}

impl Acted {
    /// Counts what became of a job.
    fn count<T>(&mut self, id: JobId, answer: Result<T, Refused>) {
        match answer {
            Ok(_) => self.done += 1,
            Err(refused) => self.refused.push((id, refused)),
        }
    }
}

/// Something that is about to be done to all jobs that a filter means; see
/// [`Find::cancel`](crate::find::Find::cancel), [`retry`](crate::find::Find::retry),
/// [`remove`](crate::find::Find::remove), [`move_to`](crate::find::Find::move_to) and
/// [`redrive`](crate::find::Find::redrive). Set options, then await it for a [`BulkReport`].
///
/// It looks for jobs from the beginning, as [`Queue::find`] does, and after each call of that does
/// its work to those that it has found, at most 100 at once. What is added or comes back behind the
/// end of a state that it has seen isn't looked at, so it ends, and none is taken twice that comes
/// back by what was done to it. It is done only to jobs that are in a state that is meant when it is
/// done: those that the filter names, or else those that the call says. One that has ended since it
/// was found isn't moved, nor run again, and one that was found as ended and runs again is left alone:
/// they are refused, with the state that they are in.
///
/// # Cancel safety
/// Dropped before it is done, it has done some of its steps, each of them whole. Call it again for
/// the rest.
///
/// # Errors
/// Those of any call: a broken connection costs a step no more than a wait, as long as Redis is
/// back within the client's [`retry_timeout`](crate::ClientBuilder::retry_timeout). Otherwise
/// [`Operation::done`](crate::error::Operation::done) says to how many jobs it was done. What a
/// job's state or another job's key forbids is no error: it is [counted](BulkReport::refused).
#[must_use = "it is done when this is awaited"]
pub struct Bulk<'a, A> {
    seek: Seek,
    action: A,
    at_most: u64,
    on_step: Option<OnStep<'a>>,
    stop: CancellationToken,
    rate: Option<Rate>,
}

impl<'a, A> Bulk<'a, A> {
    fn new(seek: Seek, action: A) -> Self {
        let stop = CancellationToken::new();
        Self { seek, action, at_most: u64::MAX, on_step: None, stop, rate: None }
    }

    /// To at most so many jobs, those that are refused among them; to all by default.
    pub fn at_most(mut self, jobs: u64) -> Self {
        self.at_most = jobs;
        self
    }

    /// Calls this after each step, to show how far it is.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, Queue};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let all = JobFilter::new().name("newsletter");
    /// let say = |so_far: &jobqueue::find::BulkReport| {
    ///     eprintln!("{} of {} cancelled", so_far.done, so_far.looked_at);
    /// };
    /// orders.cancel_where(all).on_step(say).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_step(mut self, on_step: impl FnMut(&BulkReport) + Send + 'a) -> Self {
        self.on_step = Some(Box::new(on_step));
        self
    }

    /// Stops before the next step once this token fires; the report says so.
    pub fn stop_on(mut self, token: &CancellationToken) -> Self {
        self.stop = token.clone();
        self
    }

    /// To jobs no faster than this, in small steps; without a limit by default.
    ///
    /// # Errors
    /// Awaited, it is [`Error::Invalid`](crate::Error::Invalid) for a rate that is none.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }
}

async fn run<A: Act>(mut bulk: Bulk<'_, A>) -> Result<BulkReport> {
    let (queue, on) = (bulk.seek.queue.clone(), bulk.seek.filter.to_string());
    queue.client().audit_begin(client::Act::new(A::AUDITED, queue.name()).on(&on)).await;
    queue.audited(A::AUDITED, Some(&on), run_steps(&mut bulk)).await
}

async fn run_steps<A: Act>(bulk: &mut Bulk<'_, A>) -> Result<BulkReport> {
    bulk.action.check(&bulk.seek.queue)?;
    let mut report = BulkReport::default();
    let answer = steps(bulk, &mut report).await;
    let BulkReport { looked_at, done, refused, unreadable, stopped, .. } = report;
    let is_whole = answer.is_ok() && !stopped;
    info!(queue = %bulk.seek.queue.name(), action = A::NAME, is_whole, looked_at, done, refused, unreadable, "a bulk operation has ended");
    answer.map_err(|error| error.after(done)).map(|()| report)
}

async fn steps<A: Act>(bulk: &mut Bulk<'_, A>, report: &mut BulkReport) -> Result<()> {
    let mut finder = Finder::new(&bulk.seek, A::STATES)?;
    let pace = Pace::new(bulk.rate)?;
    let mut before = 0;
    loop {
        if bulk.is_over(report) {
            return Ok(());
        }
        let Some(jobs) = finder.step().await? else { return Ok(()) };
        report.look(finder.looked());
        if jobs.is_empty() {
            bulk.tell(report);
        }
        for (from, jobs) in by_states::<A>(jobs, finder.states()) {
            let mut jobs = jobs.into_iter().peekable();
            while jobs.peek().is_some() {
                // Not behind the last step: nothing waits for that.
                if bulk.is_over(report) {
                    return Ok(());
                }
                bulk.stop.run_until_cancelled(pace.wait(before)).await;
                if bulk.is_over(report) {
                    return Ok(());
                }
                let left = bulk.at_most.saturating_sub(report.found());
                let step = pace.step.min(usize::try_from(left).unwrap_or(usize::MAX));
                let step: Vec<_> = jobs.by_ref().take(step).collect();
                before = step.len() as u64;
                let acted = bulk.action.act(&bulk.seek.queue, step, &from).await?;
                report.add(acted);
                bulk.tell(report);
            }
        }
    }
}

impl<A> Bulk<'_, A> {
    /// Whether it is to end before all was looked at, which it notes.
    fn is_over(&self, report: &mut BulkReport) -> bool {
        report.stopped = self.stop.is_cancelled() || report.found() >= self.at_most;
        report.stopped
    }

    fn tell(&mut self, report: &BulkReport) {
        if let Some(on_step) = &mut self.on_step {
            on_step(report);
        }
    }
}

impl<A: fmt::Debug> fmt::Debug for Bulk<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("seek", &self.seek)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

/// Each is done when it is awaited.
macro_rules! awaited {
    ($action:ty) => {
        impl<'a> std::future::IntoFuture for $crate::queue::bulk::Bulk<'a, $action> {
            type Output = $crate::error::Result<$crate::queue::bulk::BulkReport>;
            type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin($crate::queue::bulk::run(self))
            }
        }
    };
}
use awaited;
