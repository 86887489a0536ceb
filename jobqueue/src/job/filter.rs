//! Which jobs are meant, of all jobs of a queue.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    dead_letter::DeadLetter,
    field::{self, Field, FieldError},
    info::JobInfo,
    job_failure::{FailureReason, JobFailure},
    outcome::Outcome,
    record::Record,
    state::JobState,
};
use crate::value_error::{Invalid, PayloadError};

/// Says which jobs of a queue are meant, for [`Queue::find`](crate::Queue::find) and for all that
/// is done to many at once, such as [`Queue::cancel_where`](crate::Queue::cancel_where).
///
/// Every condition must hold. Of several [states](Self::state) or [names](Self::name), one must.
/// One without conditions means all jobs.
///
/// ```
/// use jobqueue::{DurationExt, find::JobFilter, JobState};
///
/// let stuck = JobFilter::new()
///     .state(JobState::Failed)
///     .name("charge")
///     .older_than(1.hours())
///     .header("tenant", "a")
///     .error_contains("timeout")
///     .payload("order.user", 42);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct JobFilter {
    states: Vec<JobState>,
    names: Vec<String>,
    /// Of the time since it was added.
    age: Span<Duration>,
    /// Of the time at which it ended.
    ended: Span<DateTime<Utc>>,
    headers: Vec<(String, String)>,
    tags: Vec<String>,
    error_texts: Vec<String>,
    reasons: Vec<FailureReason>,
    fields: Vec<Field>,
    problem: Option<FieldError>,
}

/// From the first on, up to the second and without it.
#[derive(Clone, Debug)]
struct Span<T>(Option<T>, Option<T>);

impl<T> Default for Span<T> {
    fn default() -> Self {
        Self(None, None)
    }
}

impl<T: PartialOrd> Span<T> {
    fn is_open(&self) -> bool {
        self.0.is_none() && self.1.is_none()
    }

    fn has(&self, value: &T) -> bool {
        self.0.as_ref().is_none_or(|first| value >= first)
            && self.1.as_ref().is_none_or(|end| value < end)
    }
}

impl JobFilter {
    /// All jobs.
    pub fn new() -> Self {
        Self::default()
    }

    /// In this state, or in another one that is named so.
    pub fn state(mut self, state: JobState) -> Self {
        self.states.push(state);
        self
    }

    /// Of this name, or of another one that is named so.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// Added at least so long ago, by the clocks of who added them and of who looks.
    pub fn older_than(mut self, age: Duration) -> Self {
        self.age.0 = Some(age);
        self
    }

    /// Added less than so long ago, by the same clocks.
    pub fn younger_than(mut self, age: Duration) -> Self {
        self.age.1 = Some(age);
        self
    }

    /// Ended at this time or later, by the server's clock. Only ended jobs match.
    pub fn ended_since(mut self, time: DateTime<Utc>) -> Self {
        self.ended.0 = Some(time);
        self
    }

    /// Ended before this time, by the server's clock. Only ended jobs match.
    pub fn ended_before(mut self, time: DateTime<Utc>) -> Self {
        self.ended.1 = Some(time);
        self
    }

    /// With this header, of this value.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With this tag, by which the job was [added](crate::Add::tag). The search looks at the jobs
    /// with the tag that is named first, whatever else the queue has.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// With this text in an error: in the message or in a cause of what ended it, or of one of its
    /// newest ten failed attempts.
    pub fn error_contains(mut self, text: impl Into<String>) -> Self {
        self.error_texts.push(text.into());
        self
    }

    /// Whose newest failure is of this kind, or of another one that is named so.
    pub fn error_reason(mut self, reason: FailureReason) -> Self {
        self.reasons.push(reason);
        self
    }

    /// With this value in a field of the payload.
    ///
    /// The path has names, places and quoted names: `order.items[0].sku`, `items[*].sku` for any
    /// element, `["a.b"]`. An empty one is the payload itself. The value is any that can be
    /// serialized; numbers of up to 64 bits are compared as numbers, whole or not, texts letter by
    /// letter, and lists and maps as a whole; a number of 128 bits is bytes. A field that isn't there
    /// has no value, `null` neither.
    ///
    /// It is looked for in the payload as it was written: in the version and under the names of
    /// then, whichever [codec](crate::Codec) wrote it. What a program has encrypted or packed into
    /// bytes is bytes here.
    pub fn payload<T: Serialize>(mut self, path: impl AsRef<str>, value: T) -> Self {
        match Field::new(path.as_ref(), &value) {
            Ok(field) => self.fields.push(field),
            Err(problem) => self.problem = self.problem.or(Some(problem)),
        }
        self
    }

    /// What is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, FilterError> {
        match self.problem {
            None => Ok(self),
            Some(FieldError::Path(invalid)) => Err(FilterError::Invalid(invalid)),
            Some(FieldError::Value(problem)) => Err(FilterError::Payload(problem)),
        }
    }

    /// The states that it names, or all of these.
    pub(crate) fn states_or(&self, all: &[JobState]) -> Vec<JobState> {
        let wanted = |state: &&JobState| self.states.is_empty() || self.states.contains(state);
        let mut states: Vec<_> = all.iter().filter(wanted).copied().collect();
        states.extend(self.states.iter().filter(|state| !all.contains(state)));
        states.dedup();
        states
    }

    /// A tag that all of them have.
    pub(crate) fn one_tag(&self) -> Option<&str> {
        self.tags.first().map(String::as_str)
    }

    /// Whether it asks for what stands in records.
    pub(crate) fn asks_records(&self) -> bool {
        !self.names.is_empty()
            || !self.age.is_open()
            || !self.headers.is_empty()
            || !self.tags.is_empty()
            || !self.fields.is_empty()
    }

    /// Whether a job has all that it asks for of records.
    ///
    /// # Errors
    /// The payload can't be read.
    pub(crate) fn wants_record(
        &self,
        record: &Record,
        now: DateTime<Utc>,
    ) -> Result<bool, PayloadError> {
        let named = self.names.is_empty() || self.names.iter().any(|it| record.name == **it);
        let age = (now - record.created_at).to_std().unwrap_or_default();
        let headers = &record.options.headers;
        let tags = &record.options.tags;
        let has = |(name, value): &(String, String)| headers.get(name) == Some(value);
        let tagged = self.tags.iter().all(|tag| tags.contains(tag));
        if !named || !tagged || !self.age.has(&age) || !self.headers.iter().all(has) {
            return Ok(false);
        } else if self.fields.is_empty() {
            return Ok(true);
        }
        let payload = field::read(record)?;
        Ok(self.fields.iter().all(|field| field.matches(&payload)))
    }

    /// Whether a job has all that it asks for; but for its state.
    ///
    /// # Errors
    /// The payload can't be read.
    pub(crate) fn wants(&self, job: &JobInfo, now: DateTime<Utc>) -> Result<bool, PayloadError> {
        let last = match &job.outcome {
            Some(Outcome::Failed(failure) | Outcome::DeadLettered { failure, .. }) => Some(failure),
            _ => None,
        };
        let fits = self.wants_end(job.finished_at) && self.wants_failures(last, &job.errors);
        Ok(fits && self.wants_record(&job.record, now)?)
    }

    /// Whether the job of a dead letter has all that it asks for; but for its state.
    ///
    /// # Errors
    /// The payload, or the record that holds it, can't be read.
    pub(crate) fn wants_dead(
        &self,
        dead: &DeadLetter,
        now: DateTime<Utc>,
    ) -> Result<bool, PayloadError> {
        if !self.wants_end(Some(dead.failed_at))
            || !self.wants_failures(Some(&dead.failure), &dead.errors)
        {
            return Ok(false);
        }
        self.wants_record(&dead.record().map_err(PayloadError::record)?, now)
    }

    fn wants_end(&self, ended: Option<DateTime<Utc>>) -> bool {
        self.ended.is_open() || ended.is_some_and(|ended| self.ended.has(&ended))
    }

    /// last: what ended it. errors: its attempts, newest first.
    fn wants_failures(&self, last: Option<&JobFailure>, errors: &[JobFailure]) -> bool {
        let all = || last.into_iter().chain(errors);
        let says = |text: &String| {
            all()
                .any(|it| it.message.contains(text) || it.causes.iter().any(|it| it.contains(text)))
        };
        let newest = all().next();
        (self.reasons.is_empty() || newest.is_some_and(|it| self.reasons.contains(&it.reason)))
            && self.error_texts.iter().all(says)
    }
}

/// What is wrong with a filter.
#[derive(Clone, Debug)]
pub(crate) enum FilterError {
    Invalid(Invalid),
    Payload(PayloadError),
}
