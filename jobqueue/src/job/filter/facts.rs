//! What is known of a job when a filter is asked about it.

use std::{borrow::Cow, cell::OnceCell, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::term::{Document, LengthKey, NumberKey, TextKey, TimeKey};
use crate::{
    job::{
        codec::Codec, dead_letter::DeadLetter, flow::NodeAddress, id::JobId, info::JobInfo,
        job_failure::JobFailure, last_run::LastRun, name::QueueName, outcome::Outcome,
        record::Record, trace::TraceContext, value::Value,
    },
    value_error::PayloadError,
};

/// A job, as far as it is known.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    queue: &'a QueueName,
    id: &'a JobId,
    record: Option<&'a Record>,
    life: Option<Life<'a>>,
    payload: OnceCell<Value>,
    result: OnceCell<Value>,
}

/// What has become of it.
#[derive(Debug)]
struct Life<'a> {
    priority: i64,
    attempts: i64,
    /// Who runs it, or ran it last: its name, and its process.
    worker: [Option<&'a str>; 2],
    /// What ended it, if it failed; then its attempts, newest first.
    failures: Vec<&'a JobFailure>,
    due: Option<DateTime<Utc>>,
    started: Option<DateTime<Utc>>,
    ended: Option<DateTime<Utc>>,
    last_run: Option<&'a LastRun>,
    result: Option<(Codec, &'a Bytes)>,
}

impl<'a> Facts<'a> {
    /// What is known by the id alone, or by the record.
    pub(crate) fn at_first(
        queue: &'a QueueName,
        id: &'a JobId,
        record: Option<&'a Record>,
    ) -> Self {
        let (payload, result) = (OnceCell::new(), OnceCell::new());
        Self { queue, id, record, life: None, payload, result }
    }

    /// All that is known. process: that of the worker that runs it, if it is active.
    pub(crate) fn of_job(queue: &'a QueueName, job: &'a JobInfo, process: Option<&'a str>) -> Self {
        let ended_by = job.outcome.as_ref().and_then(Outcome::failure);
        let result = match &job.outcome {
            Some(Outcome::Completed { codec, result }) => Some((*codec, result)),
            _ => None,
        };
        let last_run = job.last_run.as_ref();
        let life = Life {
            priority: job.priority.into(),
            attempts: job.attempts_made.into(),
            worker: [
                job.worker.as_ref().map(|worker| worker.as_str()),
                process.or(last_run.map(|run| run.by.as_str())),
            ],
            failures: ended_by.into_iter().chain(&job.errors).collect(),
            due: job.due_at,
            started: job.started_at.or(last_run.map(|run| run.started_at)),
            ended: job.finished_at,
            last_run,
            result,
        };
        Self { life: Some(life), ..Self::at_first(queue, &job.id, Some(&job.record)) }
    }

    /// The job of a dead letter, with its record.
    pub(crate) fn of_dead(dead: &'a DeadLetter, record: &'a Record) -> Self {
        let life = Life {
            priority: record.options.priority.get().into(),
            attempts: dead.failure.attempt.into(),
            worker: [None; 2],
            failures: std::iter::once(&dead.failure).chain(&dead.errors).collect(),
            due: None,
            started: None,
            ended: Some(dead.failed_at),
            last_run: None,
            result: None,
        };
        Self { life: Some(life), ..Self::at_first(&dead.queue, &dead.id, Some(record)) }
    }

    pub(super) fn queue(&self) -> &str {
        self.queue.as_str()
    }

    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }

    pub(super) fn record(&self) -> Option<&Record> {
        self.record
    }

    /// Whether what has become of it is known.
    pub(super) fn is_whole(&self) -> bool {
        self.life.is_some()
    }

    /// Whether one of its texts of this kind passes.
    pub(super) fn any_text(&self, key: TextKey, passes: &dyn Fn(&str) -> bool) -> bool {
        let life = self.life.as_ref();
        match key {
            TextKey::Id => passes(self.id()),
            TextKey::Queue => passes(self.queue()),
            TextKey::Flow => NodeAddress::of(self.id).is_some_and(|node| passes(node.key.as_str())),
            TextKey::Name => self.record.is_some_and(|it| passes(it.name.as_str())),
            TextKey::Tag => {
                self.record.is_some_and(|it| it.options.tags.iter().any(|tag| passes(tag)))
            }
            TextKey::Group => {
                self.record.and_then(|it| it.options.group.as_deref()).is_some_and(passes)
            }
            TextKey::Trace => self
                .record
                .and_then(|it| TraceContext::sent(&it.options.headers))
                .is_some_and(|trace| passes(&trace.trace_id().to_string())),
            TextKey::Schedule => self
                .record
                .and_then(|it| it.options.schedule.as_ref())
                .is_some_and(|scheduled| passes(scheduled.id.as_str())),
            TextKey::Worker => {
                life.is_some_and(|it| it.worker.iter().flatten().any(|name| passes(name)))
            }
            TextKey::Error => life.is_some_and(|it| {
                it.failures.iter().any(|failure| {
                    passes(&failure.message) || failure.causes.iter().any(|cause| passes(cause))
                })
            }),
        }
    }

    /// Its newest failure.
    pub(super) fn newest_failure(&self) -> Option<&JobFailure> {
        self.life.as_ref()?.failures.first().copied()
    }

    pub(super) fn number(&self, key: NumberKey) -> Option<i64> {
        let life = self.life.as_ref()?;
        Some(match key {
            NumberKey::Priority => life.priority,
            NumberKey::Attempts => life.attempts,
        })
    }

    pub(super) fn time(&self, key: TimeKey) -> Option<DateTime<Utc>> {
        match (key, &self.life) {
            (TimeKey::Added, _) => self.record.map(|record| record.created_at),
            (TimeKey::Due, Some(life)) => life.due,
            (TimeKey::Started, Some(life)) => life.started,
            (TimeKey::Ended, Some(life)) => life.ended,
            _ => None,
        }
    }

    pub(super) fn length(&self, key: LengthKey) -> Option<Duration> {
        let last_run = self.life.as_ref()?.last_run?;
        match key {
            LengthKey::Waited => last_run.waited,
            LengthKey::Ran => Some(last_run.ran),
        }
    }

    /// All that its payload or its result says, read once; none if there is none.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn document(&self, document: Document) -> Result<Option<&Value>, PayloadError> {
        let (cell, written) = match document {
            Document::Payload => {
                (&self.payload, self.record.map(|record| (record.codec, &record.payload)))
            }
            Document::Result => (&self.result, self.life.as_ref().and_then(|life| life.result)),
        };
        let Some((codec, bytes)) = written else { return Ok(None) };
        if let Some(value) = cell.get() {
            return Ok(Some(value));
        }
        let read = codec.decode(bytes).map_err(|problem| match document {
            Document::Payload => problem,
            Document::Result => problem.reading(Cow::from(format!("result of job {}", self.id))),
        })?;
        Ok(Some(cell.get_or_init(|| read)))
    }
}
