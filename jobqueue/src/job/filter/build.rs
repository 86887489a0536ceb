//! A filter, built from conditions.

use std::{
    ops::{Bound, RangeBounds},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    length::Length,
    moment::Moment,
    term::{
        Comparison, Document, FieldMatch, LengthKey, NumberKey, Term, Test, TextKey, TextMatch,
        TimeKey, TimeValue,
    },
};
use crate::{
    job::{
        id::JobId, job_failure::FailureReason, name::QueueName, path, scheduled::ScheduleId,
        state::JobState, trace::TraceId,
    },
    value_error::{Invalid, PayloadError},
};

/// Says which jobs of a queue are meant, for [`Queue::find`](crate::Queue::find) and for all that
/// is done to many at once, such as [`Queue::cancel_where`](crate::Queue::cancel_where).
///
/// Every condition must hold. Of several [states](Self::state), [names](Self::name),
/// [kinds of failures](Self::error_reason), [ids](Self::id) or [queues](Self::queue), one must. One
/// without conditions means all jobs.
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
///
/// It is read from a line of text as well, by [the grammar](crate::docs::finding#in-a-line) that the
/// command line and the dashboard have, and written as one, which is read as the same again:
///
/// ```
/// use jobqueue::find::JobFilter;
///
/// let stuck: JobFilter = "state:failed payload.order.user=42 -error:timeout ended<90m".parse()?;
/// assert_eq!(
///     stuck.to_string(),
///     "state:failed payload.order.user=42 -error:timeout ended<1h30m"
/// );
/// # Ok::<(), jobqueue::find::FilterError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct JobFilter {
    pub(super) terms: Vec<Term>,
    pub(super) problem: Option<FilterProblem>,
}

impl JobFilter {
    /// All jobs.
    pub fn new() -> Self {
        Self::default()
    }

    fn and_test(mut self, test: Test) -> Self {
        self.terms.push(Term { negated: false, test });
        self
    }

    /// One more value of a condition that there is already, or a condition of its own.
    fn or_value(mut self, add: impl Fn(&mut Test) -> bool, test: Test) -> Self {
        let is_there = |term: &mut Term| !term.negated && add(&mut term.test);
        if self.terms.iter_mut().any(is_there) { self } else { self.and_test(test) }
    }

    fn or_text(self, key: TextKey, wanted: String) -> Self {
        let wanted = TextMatch::Is(wanted);
        let add = |test: &mut Test| match test {
            Test::Text(of, any) if *of == key => {
                any.push(wanted.clone());
                true
            }
            _ => false,
        };
        self.or_value(add, Test::Text(key, vec![wanted.clone()]))
    }

    /// In this state, or in another one that is named so.
    pub fn state(self, state: JobState) -> Self {
        let add = |test: &mut Test| match test {
            Test::State(states) => {
                states.push(state);
                true
            }
            _ => false,
        };
        self.or_value(add, Test::State(vec![state]))
    }

    /// Of this name, or of another one that is named so.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.or_text(TextKey::Name, name.into())
    }

    /// Of this id, or of another one that is named so: looked for by them, whatever else there is.
    pub fn id(self, id: impl Into<JobId>) -> Self {
        self.or_text(TextKey::Id, id.into().to_string())
    }

    /// In this queue, or in another one that is named so: for [`Client::find`](crate::Client::find).
    pub fn queue(self, queue: impl Into<QueueName>) -> Self {
        self.or_text(TextKey::Queue, queue.into().to_string())
    }

    /// Added at least so long ago, by the clocks of who added them and of who looks.
    pub fn older_than(self, age: Duration) -> Self {
        let age = vec![TimeValue::Away(Length(age))];
        self.and_test(Test::Time(TimeKey::Added, Comparison::NotLess, age))
    }

    /// Added less than so long ago, by the same clocks.
    pub fn younger_than(self, age: Duration) -> Self {
        let age = vec![TimeValue::Away(Length(age))];
        self.and_test(Test::Time(TimeKey::Added, Comparison::Less, age))
    }

    fn at(self, key: TimeKey, comparison: Comparison, time: DateTime<Utc>) -> Self {
        let time = vec![TimeValue::At(Moment::exactly(time))];
        self.and_test(Test::Time(key, comparison, time))
    }

    /// Ended at this time or later, by the server's clock. Only ended jobs match.
    pub fn ended_since(self, time: DateTime<Utc>) -> Self {
        self.at(TimeKey::Ended, Comparison::NotLess, time)
    }

    /// Ended before this time, by the server's clock. Only ended jobs match.
    pub fn ended_before(self, time: DateTime<Utc>) -> Self {
        self.at(TimeKey::Ended, Comparison::Less, time)
    }

    /// Due at this time or later. Only delayed jobs match.
    pub fn due_since(self, time: DateTime<Utc>) -> Self {
        self.at(TimeKey::Due, Comparison::NotLess, time)
    }

    /// Due before this time. Only delayed jobs match.
    pub fn due_before(self, time: DateTime<Utc>) -> Self {
        self.at(TimeKey::Due, Comparison::Less, time)
    }

    /// Whose run, the present or the [last](crate::JobInfo::last_run) one, began at this time or
    /// later.
    pub fn started_since(self, time: DateTime<Utc>) -> Self {
        self.at(TimeKey::Started, Comparison::NotLess, time)
    }

    /// Whose run, the present or the last one, began before this time.
    pub fn started_before(self, time: DateTime<Utc>) -> Self {
        self.at(TimeKey::Started, Comparison::Less, time)
    }

    /// Whose [last run](crate::JobInfo::last_run) took at least so long.
    pub fn ran_for(self, time: Duration) -> Self {
        let time = vec![Length(time)];
        self.and_test(Test::Length(LengthKey::Ran, Comparison::NotLess, time))
    }

    /// That [waited](crate::manage::LastRun::waited) for their first run at least so long.
    pub fn waited_for(self, time: Duration) -> Self {
        let time = vec![Length(time)];
        self.and_test(Test::Length(LengthKey::Waited, Comparison::NotLess, time))
    }

    fn within(self, key: NumberKey, from: Bound<i64>, to: Bound<i64>) -> Self {
        let of = |filter: Self, comparison, number| {
            filter.and_test(Test::Number(key, comparison, vec![number]))
        };
        let filter = match from {
            Bound::Included(from) => of(self, Comparison::NotLess, from),
            Bound::Excluded(from) => of(self, Comparison::More, from),
            Bound::Unbounded => self,
        };
        match to {
            Bound::Included(to) => of(filter, Comparison::NotMore, to),
            Bound::Excluded(to) => of(filter, Comparison::Less, to),
            Bound::Unbounded => filter,
        }
    }

    /// Of a priority in this range, such as `..0`, as it is now.
    pub fn priority(self, range: impl RangeBounds<i16>) -> Self {
        let (from, to) = (range.start_bound().cloned(), range.end_bound().cloned());
        self.within(NumberKey::Priority, from.map(i64::from), to.map(i64::from))
    }

    /// With a number of failed attempts in this range, such as `3..`.
    pub fn attempts(self, range: impl RangeBounds<u32>) -> Self {
        let (from, to) = (range.start_bound().cloned(), range.end_bound().cloned());
        self.within(NumberKey::Attempts, from.map(i64::from), to.map(i64::from))
    }

    /// With this header, of this value.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.and_test(Test::Header(name.into(), vec![TextMatch::Is(value.into())]))
    }

    /// Of this [group](crate::Add::group). The search looks at all jobs in the states that are meant:
    /// give jobs a tag that are looked for often.
    pub fn group(self, group: impl Into<String>) -> Self {
        self.and_test(Test::Text(TextKey::Group, vec![TextMatch::Is(group.into())]))
    }

    /// With this tag, by which the job was [added](crate::Add::tag). The search looks at the jobs
    /// with the tag that is named first, whatever else the queue has.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.and_test(Test::Text(TextKey::Tag, vec![TextMatch::Is(tag.into())]))
    }

    /// That somebody runs, or ran last, in whose [line](crate::manage::ProcessInfo::line) this text
    /// is: a host, a program, a version. It may be the name of a worker as well.
    pub fn worker(self, text: impl Into<String>) -> Self {
        self.and_test(Test::Text(TextKey::Worker, vec![TextMatch::Has(text.into())]))
    }

    /// Of this trace.
    pub fn trace(self, trace: TraceId) -> Self {
        self.and_test(Test::Text(TextKey::Trace, vec![TextMatch::Is(trace.to_string())]))
    }

    /// Added by this schedule.
    pub fn schedule(self, schedule: impl Into<ScheduleId>) -> Self {
        let schedule = schedule.into().to_string();
        self.and_test(Test::Text(TextKey::Schedule, vec![TextMatch::Is(schedule)]))
    }

    /// With this text in an error: in the message or in a cause of what ended it, or of one of its
    /// newest ten failed attempts.
    pub fn error_contains(self, text: impl Into<String>) -> Self {
        self.and_test(Test::Text(TextKey::Error, vec![TextMatch::Has(text.into())]))
    }

    /// Whose newest failure is of this kind, or of another one that is named so.
    pub fn error_reason(self, reason: FailureReason) -> Self {
        let add = |test: &mut Test| match test {
            Test::Kind(kinds) => {
                kinds.push(reason);
                true
            }
            _ => false,
        };
        self.or_value(add, Test::Kind(vec![reason]))
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
    pub fn payload<T: Serialize>(self, path: impl AsRef<str>, value: T) -> Self {
        self.field(Document::Payload, path.as_ref(), &value)
    }

    /// With this value in a field of the result, as [`payload`](Self::payload) has it. Only
    /// completed jobs whose result is kept match.
    pub fn result<T: Serialize>(self, path: impl AsRef<str>, value: T) -> Self {
        self.field(Document::Result, path.as_ref(), &value)
    }

    fn field<T: Serialize>(mut self, document: Document, path: &str, value: &T) -> Self {
        let field = || {
            let path = path.parse().map_err(FilterProblem::Invalid)?;
            let value = path::to_value(value).map_err(FilterProblem::Payload)?;
            Ok(Test::Field(document, path, FieldMatch::Is(vec![value])))
        };
        match field() {
            Ok(test) => self.and_test(test),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                self
            }
        }
    }

    /// The conditions of both.
    pub fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self.problem = self.problem.or(other.problem);
        self
    }

    /// None of the conditions of the other one holds.
    ///
    /// ```
    /// use jobqueue::find::JobFilter;
    ///
    /// let others = JobFilter::new().without(JobFilter::new().name("send").error_contains("timeout"));
    /// assert_eq!(others.to_string(), "-name:send -error:timeout");
    /// ```
    pub fn without(self, mut other: Self) -> Self {
        for term in &mut other.terms {
            term.negated = !term.negated;
        }
        self.and(other)
    }
}

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FilterProblem {
    Invalid(Invalid),
    Payload(PayloadError),
}
