//! What waits to be run, and what a test expects of it.

use std::{fmt, time::Duration};

use super::TestQueue;
use crate::{
    error::{Error, Result},
    job::{IntoJob, Job as _, JobId, JobInfo, JobState},
};

/// How many jobs are read at once.
const PAGE: usize = 500;

/// By how much a job may be due earlier or later than expected.
const TOLERANCE: Duration = Duration::from_secs(1);

/// A job that waits or is delayed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Enqueued<P> {
    /// Its id.
    pub id: JobId,
    /// What it carries.
    pub payload: P,
    /// How long it is delayed; zero if it waits.
    pub due_in: Duration,
    /// All that is known of it.
    pub info: JobInfo,
}

impl TestQueue {
    /// The jobs of a handler that wait or are delayed, in the order in which they will run.
    ///
    /// # Errors
    /// A payload can't be read.
    pub async fn enqueued<F, Args>(&self, handler: F) -> Result<Vec<Enqueued<F::Payload>>>
    where
        F: IntoJob<Args>,
    {
        let _ = handler;
        let definition = F::Job::DEFINITION;
        let queue = self.client().queue(definition.queue)?;
        let mut found = Vec::new();
        for state in [JobState::Waiting, JobState::Delayed, JobState::WaitingChildren] {
            for first in (0..).step_by(PAGE) {
                let page = queue.jobs(state).page(first, PAGE as u64).await?;
                let last = page.len() < PAGE;
                for info in page {
                    if info.record.name.as_str() == definition.name {
                        found.push(self.read(info)?);
                    }
                }
                if last {
                    break;
                }
            }
        }
        Ok(found)
    }

    fn read<P: serde::de::DeserializeOwned>(&self, info: JobInfo) -> Result<Enqueued<P>> {
        let payload = info.payload().map_err(Error::from)?;
        let due_in = info
            .due_at
            .map(|at| (self.server.in_test_time(at) - self.now()).to_std().unwrap_or_default());
        Ok(Enqueued { id: info.id.clone(), payload, due_in: due_in.unwrap_or_default(), info })
    }

    /// Whether such jobs are there; else a text that says what there is instead. For the macros.
    #[doc(hidden)]
    pub async fn find_enqueued<F, Args>(
        &self,
        handler: F,
        expected: Expected<'_, F::Payload>,
        wanted: bool,
    ) -> Result<(), String>
    where
        F: IntoJob<Args>,
    {
        let name = F::Job::DEFINITION.name;
        let jobs = self.enqueued(handler).await.map_err(|error| error.to_string())?;
        let found = jobs.iter().filter(|job| expected.fits(job)).count();
        if fits_count(found, expected.count, wanted) {
            return Ok(());
        }
        let what = count_text(found, "job");
        let mut text =
            format!("{what} of {name} that waits or is delayed is {expected}; there are:");
        for job in &jobs {
            let payload = job.info.payload::<serde_json::Value>();
            let payload = payload.map_or_else(|error| error.to_string(), |it| it.to_string());
            text.push_str(&format!("\n  {} due in {:?}: {payload}", job.id, job.due_in));
        }
        if jobs.is_empty() {
            text.push_str(" none at all");
        }
        Err(text)
    }
}

/// Whether so many are as wanted.
pub(super) fn fits_count(found: usize, expected: Option<usize>, wanted: bool) -> bool {
    match expected {
        Some(expected) => (found == expected) == wanted,
        None => (found > 0) == wanted,
    }
}

/// So many things, in words.
pub(super) fn count_text(found: usize, thing: &str) -> String {
    match found {
        0 => format!("no {thing}"),
        1 => format!("a {thing}"),
        found => format!("each of {found} {thing}s"),
    }
}

type Fits<'a, P> = Box<dyn Fn(&P) -> bool + 'a>;

/// What a test expects of a job. For [`assert_enqueued!`](super::assert_enqueued).
#[must_use]
pub struct Expected<'a, P> {
    payload: Option<Fits<'a, P>>,
    due_in: Option<Duration>,
    count: Option<usize>,
}

impl<P> Default for Expected<'_, P> {
    fn default() -> Self {
        Self { payload: None, due_in: None, count: None }
    }
}

impl<'a, P> Expected<'a, P> {
    /// Its payload is such.
    pub fn payload(self, fits: impl Fn(&P) -> bool + 'a) -> Self {
        Self { payload: Some(Box::new(fits)), ..self }
    }

    /// It is due after this time, give or take a second.
    pub fn due_in(self, time: Duration) -> Self {
        Self { due_in: Some(time), ..self }
    }

    /// There are so many of them.
    pub fn count(self, count: usize) -> Self {
        Self { count: Some(count), ..self }
    }

    fn fits(&self, job: &Enqueued<P>) -> bool {
        self.payload.as_ref().is_none_or(|fits| fits(&job.payload))
            && self.due_in.is_none_or(|time| time.abs_diff(job.due_in) <= TOLERANCE)
    }
}

impl<P> fmt::Display for Expected<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = if self.payload.is_some() { "with such a payload" } else { "there" };
        f.write_str(payload)?;
        self.due_in.map_or(Ok(()), |time| write!(f, " and due in {time:?}"))?;
        self.count.map_or(Ok(()), |count| write!(f, ", and {count} should be"))
    }
}

impl<P> fmt::Debug for Expected<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected").field("due_in", &self.due_in).finish_non_exhaustive()
    }
}
