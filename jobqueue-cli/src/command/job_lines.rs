//! Jobs as rows, with what matters in their state.

use jobqueue::{
    JobInfo, JobState, Outcome, QueueName,
    dead_letter::DeadLetter,
    find,
    types::{Utc, Value},
};
use serde::Serialize;

use crate::output::{Cell, Column, Hue, Output, Table, counted, glyph, span};

/// A job of one of several queues.
#[derive(Debug, Serialize)]
pub(crate) struct FoundJob {
    pub(crate) queue: QueueName,
    pub(crate) job: JobInfo,
}

impl From<find::FoundJob> for FoundJob {
    fn from(find::FoundJob { queue, job, .. }: find::FoundJob) -> Self {
        Self { queue, job }
    }
}

/// Jobs of one state.
pub(crate) fn of_state(state: JobState, jobs: &[JobInfo], out: &Output) -> Table {
    let mut columns = vec![Column::id("ID"), Column::text("NAME")];
    columns.extend(match state {
        JobState::Waiting => {
            vec![
                Column::number("PRIORITY"),
                Column::text("ADDED"),
                Column::number("TRIES"),
                Column::long("PAYLOAD"),
            ]
        }
        JobState::Delayed => {
            vec![Column::text("DUE"), Column::text("WHY"), Column::long("PAYLOAD")]
        }
        JobState::Active => {
            vec![Column::number("RUNS FOR"), Column::text("PROGRESS"), Column::id("WORKER")]
        }
        JobState::Completed => vec![
            Column::text("ENDED"),
            Column::number("WAITED"),
            Column::number("RAN"),
            Column::long("RESULT"),
        ],
        JobState::Failed => {
            vec![Column::number("TRIES"), Column::text("ENDED"), Column::long("ERROR")]
        }
        _ => vec![Column::text("ENDED"), Column::text("BY"), Column::long("WHY")],
    });
    let mut table = Table::new(columns);
    for job in jobs {
        let mut row = vec![Cell::new(job.id.as_str()), Cell::new(job.record.name.as_str())];
        row.extend(cells(job, state, out));
        table.row(row);
    }
    table
}

fn cells(job: &JobInfo, state: JobState, out: &Output) -> Vec<Cell> {
    match state {
        JobState::Waiting => vec![
            job.priority.to_string().into(),
            out.time(job.record.created_at).into(),
            tries(job).into(),
            payload(job).into(),
        ],
        JobState::Delayed => {
            vec![out.maybe_time(job.due_at).into(), why_delayed(job).into(), payload(job).into()]
        }
        JobState::Active => {
            vec![runs_for(job).into(), progress(job).into(), worker(job).into()]
        }
        JobState::Completed => {
            let (waited, ran) = times(job);
            let result = job.result::<Value>().ok().flatten();
            vec![
                out.maybe_time(job.finished_at).into(),
                waited.into(),
                ran.into(),
                result.map(|result| result.to_string()).unwrap_or_default().into(),
            ]
        }
        JobState::Failed => {
            vec![tries(job).into(), out.maybe_time(job.finished_at).into(), error(job).into()]
        }
        _ => {
            let (by, why) = cancelled(job);
            vec![out.maybe_time(job.finished_at).into(), by.into(), why.into()]
        }
    }
}

/// Jobs of any queues and states.
pub(crate) fn of_all<'a>(found: impl IntoIterator<Item = &'a FoundJob>, out: &Output) -> Table {
    let mut table = Table::new([
        Column::id("ID"),
        Column::text("QUEUE"),
        Column::text("NAME"),
        Column::text("STATE"),
        Column::number("TRIES"),
        Column::text("SINCE"),
        Column::long("DETAIL"),
    ]);
    for FoundJob { queue, job } in found {
        let state = format!("{} {}", glyph(job.state), job.state);
        let since = job.finished_at.or(job.started_at).or(job.due_at);
        table.row([
            Cell::new(job.id.as_str()),
            Cell::new(queue.as_str()),
            Cell::new(job.record.name.as_str()),
            Cell::new(state).hue(Hue::of(job.state)),
            tries(job).into(),
            out.time(since.unwrap_or(job.record.created_at)).into(),
            detail(job).into(),
        ]);
    }
    table
}

/// What is most telling of a job.
pub(crate) fn detail(job: &JobInfo) -> String {
    if let Some(letter) = dead_letter(job) {
        return letter;
    }
    match job.state {
        JobState::Failed => error(job),
        JobState::Cancelled => cancelled(job).1,
        JobState::Active => worker(job),
        JobState::Completed => {
            let result = job.result::<Value>().ok().flatten();
            result.map(|result| result.to_string()).unwrap_or_default()
        }
        _ => payload(job),
    }
}

/// Of a dead letter, the job that failed, and why.
fn dead_letter(job: &JobInfo) -> Option<String> {
    let letter = DeadLetter::of(&job.record)?.ok()?;
    let name = letter.record().map(|record| record.name.to_string()).unwrap_or_default();
    let failure = &letter.failure;
    Some(format!("{name} of {}: {}: {}", letter.queue, failure.reason, failure.message))
}

/// Attempts made, of how many.
pub(crate) fn tries(job: &JobInfo) -> String {
    let made = job.attempts_made;
    job.record.options.attempts.map_or_else(|| made.to_string(), |most| format!("{made}/{most}"))
}

pub(crate) fn payload(job: &JobInfo) -> String {
    let payload = job.payload::<Value>();
    payload.map_or_else(|_| "can't be read".to_owned(), |payload| payload.to_string())
}

/// The newest failure: its kind unless that says nothing, and its first line.
pub(crate) fn error(job: &JobInfo) -> String {
    let ended = job.outcome.as_ref().and_then(Outcome::failure);
    let Some(failure) = ended.or(job.errors.first()) else { return String::new() };
    match failure.reason {
        jobqueue::error::FailureReason::Error => failure.message.clone(),
        reason => format!("{reason}: {}", failure.message),
    }
}

fn why_delayed(job: &JobInfo) -> String {
    match (job.attempts_made, job.due_at, &job.record.options.schedule) {
        _ if job.misses > 0 => format!("no handler, {}", counted(job.misses.into(), "time")),
        (1.., _, _) => format!("retry {}", tries(job)),
        (_, None, _) => "after another of its key".to_owned(),
        (_, _, Some(schedule)) => format!("schedule {}", schedule.id),
        _ => "delay".to_owned(),
    }
}

pub(crate) fn runs_for(job: &JobInfo) -> String {
    let since = job.started_at.map(|start| (Utc::now() - start).to_std().unwrap_or_default());
    since.map(span).unwrap_or_default()
}

fn progress(job: &JobInfo) -> String {
    let progress = job.progress::<Value>().ok().flatten();
    match progress.as_ref().and_then(Value::as_f64) {
        Some(share) if (0.0..=1.0).contains(&share) => format!("{:.0} %", share * 100.0),
        _ => progress.map(|progress| progress.to_string()).unwrap_or_default(),
    }
}

pub(crate) fn worker(job: &JobInfo) -> String {
    job.worker.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// How long it waited and ran.
fn times(job: &JobInfo) -> (String, String) {
    let last = job.last_run.as_ref();
    let waited = last.and_then(|last| last.waited).map(span).unwrap_or_default();
    (waited, last.map(|last| span(last.ran)).unwrap_or_default())
}

fn cancelled(job: &JobInfo) -> (String, String) {
    match &job.outcome {
        Some(Outcome::Cancelled(reason)) => {
            (reason.by.clone().unwrap_or_default(), reason.reason.clone().unwrap_or_default())
        }
        _ => Default::default(),
    }
}

/// The newest failure's message.
pub(crate) fn message(job: &JobInfo) -> String {
    let ended = job.outcome.as_ref().and_then(Outcome::failure);
    ended.or(job.errors.first()).map(|failure| failure.message.clone()).unwrap_or_default()
}
