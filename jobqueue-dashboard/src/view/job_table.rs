//! Jobs as rows: one line each.

use jobqueue::{JobInfo, JobState, Outcome};
use maud::{Markup, html};

use super::{Look, ago, chip, seconds, took, until};
use crate::{
    payload::{self, Redaction},
    web::encode,
};

/// How much of a payload stands in a row, in characters.
const PREVIEW: usize = 80;

/// How much of an error stands in a row, in characters.
const ERROR: usize = 120;

/// Jobs of one queue and state.
pub(crate) fn job_table(
    (prefix, queue, state): (&str, &str, JobState),
    jobs: &[JobInfo],
    redaction: &Redaction,
) -> Markup {
    html! {
        table.rows #jobs {
            thead { tr {
                th scope="col" { input type="checkbox" data-all aria-label="All on this page"; }
                th scope="col" { "Job" }
                th scope="col" { "Name" }
                th scope="col" { "Payload" }
                @for title in titles(state) { th scope="col" { (title) } }
            } }
            (job_rows((prefix, queue, state), jobs, redaction))
        }
    }
}

/// The body of the table, which news replace.
pub(crate) fn job_rows(
    (prefix, queue, state): (&str, &str, JobState),
    jobs: &[JobInfo],
    redaction: &Redaction,
) -> Markup {
    html! {
        tbody #job-rows {
            @for job in jobs { (job_row((prefix, queue, state), job, redaction)) }
        }
    }
}

const fn titles(state: JobState) -> &'static [&'static str] {
    match state {
        JobState::Waiting => &["Priority", "Added", "Attempts"],
        JobState::Delayed => &["Due", "Why", "Attempts"],
        JobState::Active => &["Worker", "Runs for", "Progress"],
        JobState::Completed => &["Ended", "Waited", "Ran", "Result"],
        JobState::Failed => &["Error", "Attempts", "Ended", "Worker"],
        JobState::Cancelled => &["By", "Why", "Ended"],
        _ => &["Added"],
    }
}

fn job_row(
    (prefix, queue, state): (&str, &str, JobState),
    job: &JobInfo,
    redaction: &Redaction,
) -> Markup {
    let id = job.id.as_str();
    let address = format!("{prefix}/q/{}/job/{}", encode(queue), encode(id));
    html! {
        tr id={ "j-" (id) } data-row {
            td.check { input type="checkbox" name="id" value=(id) aria-label={ "Select " (id) }; }
            td.id { a href=(address) title=(id) data-open data-id=(id) { (short(id)) } }
            td.name { (job.record.name) }
            td.preview {
                code { (payload::payload(&job.record, redaction, false).preview(PREVIEW)) }
            }
            @for cell in job_cells(job, state, redaction) { td { (cell) } }
        }
    }
}

/// The end of an id tells more than its beginning, which is the time.
fn short(id: &str) -> String {
    match id.char_indices().nth_back(7) {
        Some((at, _)) if at > 0 => format!("…{}", &id[at..]),
        _ => id.to_owned(),
    }
}

fn cut(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// What is told of a job of this state.
fn job_cells(job: &JobInfo, state: JobState, redaction: &Redaction) -> Vec<Markup> {
    let attempts = html! { (job.attempts_made) @if let Some(most) = job.record.options.attempts { "/" (most) } };
    let ended = html! { @if let Some(at) = job.finished_at { (ago(at)) } };
    match state {
        JobState::Waiting => {
            vec![html! { (job.priority) }, ago(job.record.created_at), attempts]
        }
        JobState::Delayed => {
            let due =
                html! { @match job.due_at { Some(at) => (until(at)), None => "after another" } };
            vec![due, html! { (why(job)) }, attempts]
        }
        JobState::Active => {
            let progress = payload::progress(job, redaction).map(|it| it.preview(40));
            vec![
                html! { @if let Some(worker) = &job.worker { code { (short(worker.as_str())) } } },
                html! { @if let Some(at) = job.started_at { (ago(at)) } },
                html! {
                    (progress.unwrap_or_default())
                    @if job.cancel_requested.is_some() {
                        " " span.st.st-cancelled { "⊘ told to stop" }
                    }
                },
            ]
        }
        JobState::Completed => {
            let run = job.last_run.as_ref();
            let result = payload::result(job, redaction, false).map(|it| it.preview(PREVIEW));
            vec![
                ended,
                html! { @if let Some(time) = run.and_then(|run| run.waited) { (took(time)) } },
                html! { @if let Some(run) = run { (took(run.ran)) } },
                html! { @if let Some(result) = result { code { (result) } } },
            ]
        }
        JobState::Failed => {
            let failure = job.outcome.as_ref().and_then(Outcome::failure);
            vec![
                html! { @if let Some(failure) = failure {
                    @if matches!(job.outcome, Some(Outcome::DeadLettered { .. })) { (chip(Look::DEAD)) " " }
                    b { (failure.reason.as_str()) } " " (cut(&failure.message, ERROR))
                } },
                attempts,
                ended,
                html! { @if let Some(run) = &job.last_run { (cut(&run.by, 40)) } },
            ]
        }
        JobState::Cancelled => {
            let reason = match &job.outcome {
                Some(Outcome::Cancelled(reason)) => Some(reason),
                _ => None,
            };
            vec![
                html! { (reason.and_then(|it| it.by.as_deref()).unwrap_or("–")) },
                html! { (reason.and_then(|it| it.reason.as_deref()).unwrap_or("–")) },
                ended,
            ]
        }
        _ => vec![ago(job.record.created_at)],
    }
}

/// Why a job isn't ready yet.
fn why(job: &JobInfo) -> String {
    match (job.attempts_made, job.due_at) {
        (_, None) => "its key is taken".to_owned(),
        (0, _) if job.snoozes > 0 => format!("snoozed {} times", job.snoozes),
        (0, _) if job.record.options.schedule.is_some() => "schedule".to_owned(),
        (0, Some(at)) => {
            let delay = (at - job.record.created_at).to_std().unwrap_or_default();
            format!("delay of {}", seconds(delay))
        }
        (made, _) => format!("retry {made}"),
    }
}
