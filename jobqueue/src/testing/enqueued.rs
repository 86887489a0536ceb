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
        for state in [JobState::Waiting, JobState::Delayed] {
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
        let due_in = info.due_at.map(|at| (at - self.now()).to_std().unwrap_or_default());
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
        if jobs.iter().any(|job| expected.fits(job)) == wanted {
            return Ok(());
        }
        let what = if wanted { "no job" } else { "a job" };
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

type Fits<'a, P> = Box<dyn Fn(&P) -> bool + 'a>;

/// What a test expects of a job. For [`assert_enqueued!`](super::assert_enqueued).
#[must_use]
pub struct Expected<'a, P> {
    payload: Option<Fits<'a, P>>,
    due_in: Option<Duration>,
}

impl<P> Default for Expected<'_, P> {
    fn default() -> Self {
        Self { payload: None, due_in: None }
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

    fn fits(&self, job: &Enqueued<P>) -> bool {
        self.payload.as_ref().is_none_or(|fits| fits(&job.payload))
            && self.due_in.is_none_or(|time| time.abs_diff(job.due_in) <= TOLERANCE)
    }
}

impl<P> fmt::Display for Expected<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = if self.payload.is_some() { "with such a payload" } else { "there" };
        match self.due_in {
            Some(time) => write!(f, "{payload} and due in {time:?}"),
            None => f.write_str(payload),
        }
    }
}

impl<P> fmt::Debug for Expected<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected").field("due_in", &self.due_in).finish_non_exhaustive()
    }
}

/// Asserts that a job of this handler waits or is delayed: with a payload that fits, if a closure
/// on it is given, and due after a time, give or take a second, if `due_in` is.
///
/// ```
/// # use jobqueue::{job, testing::{assert_enqueued, refute_enqueued, TestQueue}, DurationExt, Error};
/// #[job(queue = "mails")]
/// async fn welcome(user: u64) {
///     println!("welcome, {user}");
/// }
///
/// #[jobqueue::test]
/// # async fn as_written(_: TestQueue) {}
/// async fn a_user_is_welcomed_the_next_day(app: TestQueue) -> Result<(), Error> {
///     app.client().add(welcome, 7).delay(1.days()).await?;
///     assert_enqueued!(app, welcome);
///     assert_enqueued!(app, welcome, |user| *user == 7);
///     assert_enqueued!(app, welcome, |user| *user == 7, due_in = 1.days());
///     refute_enqueued!(app, welcome, |user| *user == 8);
///     Ok(())
/// }
/// # jobqueue::testing::run(a_user_is_welcomed_the_next_day).expect("it passes");
/// ```
///
/// # Panics
/// There is none; the text says what there is.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_enqueued {
    ($app:expr, $handler:expr $(, $($rest:tt)*)?) => {
        $crate::__enqueued!(true, $app, $handler $(, $($rest)*)?)
    };
}

/// Asserts that no such job waits or is delayed. See [`assert_enqueued!`](super::assert_enqueued).
///
/// # Panics
/// There is one; the text says which.
#[doc(hidden)]
#[macro_export]
macro_rules! __refute_enqueued {
    ($app:expr, $handler:expr $(, $($rest:tt)*)?) => {
        $crate::__enqueued!(false, $app, $handler $(, $($rest)*)?)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __enqueued {
    ($wanted:expr, $app:expr, $handler:expr $(,)?) => {
        $crate::__enqueued!(@ $wanted, $app, $handler, $crate::testing::Expected::default())
    };
    ($wanted:expr, $app:expr, $handler:expr, due_in = $time:expr $(,)?) => {
        $crate::__enqueued!(@ $wanted, $app, $handler,
            $crate::testing::Expected::default().due_in($time))
    };
    ($wanted:expr, $app:expr, $handler:expr, $fits:expr, due_in = $time:expr $(,)?) => {
        $crate::__enqueued!(@ $wanted, $app, $handler,
            $crate::testing::Expected::default().payload($fits).due_in($time))
    };
    ($wanted:expr, $app:expr, $handler:expr, $fits:expr $(,)?) => {
        $crate::__enqueued!(@ $wanted, $app, $handler,
            $crate::testing::Expected::default().payload($fits))
    };
    (@ $wanted:expr, $app:expr, $handler:expr, $expected:expr) => {
        if let Err(text) = $app.find_enqueued($handler, $expected, $wanted).await {
            panic!("{text}");
        }
    };
}
