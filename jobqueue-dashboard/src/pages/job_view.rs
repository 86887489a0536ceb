//! How a job looks.

use jobqueue::{
    JobInfo, JobState, Outcome, QueueName, audit::AuditEntry, dead_letter::DeadLetter,
    error::JobFailure, find::JobFilter, steps::JobSteps,
};
use maud::{Markup, html};
use serde::Serialize;

use super::audit::entries;
use crate::{
    payload::{self, Redaction, Tree},
    verb::Verb,
    view::{self, Button, Look, ago, chip, confirm_link, number, took, until},
    web::{Visit, encode},
};

/// A job, and what is shown of it.
pub(super) struct JobView<'a> {
    pub(super) queue: &'a QueueName,
    pub(super) job: &'a JobInfo,
    pub(super) logs: Vec<String>,
    pub(super) steps: JobSteps,
    pub(super) flow: Option<InFlow>,
    /// How it can be edited.
    pub(super) edit: Option<Verb>,
    pub(super) redaction: &'a Redaction,
    /// Whether a large payload is shown too.
    pub(super) all: bool,
}

/// The flow that a job belongs to, and what it is called there.
#[derive(Debug, Serialize)]
pub(super) struct InFlow {
    pub(super) home: QueueName,
    pub(super) id: String,
    pub(super) node: String,
}

pub(super) fn body(visit: &Visit, view: &JobView<'_>, audit: &[AuditEntry]) -> Markup {
    let (queue, job) = (view.queue.as_str(), view.job);
    html! {
        div.title {
            h1 { (job.record.name) }
            (state_part(view))
            p.facts {
                code data-copy=(job.id) { (job.id) } " in "
                a href=(visit.at(&format!("/q/{}/{}", encode(queue), job.state.as_str()))) data-up {
                    (queue)
                }
            }
            (actions(visit, view))
        }
        div.columns {
            div { (main_part(&visit.prefix, view)) }
            div {
                section {
                    h2 { "Payload" }
                    (view::body(&payload::payload(&job.record, view.redaction, view.all), "?payload=all"))
                }
                @if let Some(result) = payload::result(job, view.redaction, view.all) {
                    section { h2 { "Result" } (view::body(&result, "?payload=all")) }
                }
                section { h2 { "Options" } (options(visit, view)) }
                section {
                    h2 { "What was done with it" }
                    @if audit.is_empty() {
                        p.quiet { "Nothing by hand, among the newest actions." }
                    }
                    @else { (entries(visit, audit)) }
                }
            }
        }
    }
}

/// What can be done. Removing stands apart.
fn actions(visit: &Visit, view: &JobView<'_>) -> Markup {
    let (queue, job) = (view.queue.as_str(), view.job);
    let button =
        |verb| Button::new(verb, queue).with("id", &job.id).with("expect", job.state).show(visit);
    let is_letter = DeadLetter::is_in(&job.record);
    let id = job.id.as_str();
    let asked = [("id", id), ("expect", job.state.as_str())];
    html! {
        div.buttons {
            @if Verb::Retry.fits(job.state) { (button(Verb::Retry)) }
            @if Verb::Promote.fits(job.state) { (button(Verb::Promote)) }
            @if let Some(verb) = view.edit && visit.person.can(verb.role(), queue) {
                a.button data-key="e"
                    href=(visit.at(&format!("/q/{}/job/{}/edit", encode(queue), encode(id)))) {
                    @if verb == Verb::Edit { "Edit" } @else { "Edit & retry" }
                }
            }
            @if !is_letter { (button(Verb::Clone)) }
            span.apart {
                @if Verb::Cancel.fits(job.state) {
                    (confirm_link(visit, (Verb::Cancel, queue), &asked, "Cancel the job"))
                }
                @if Verb::Remove.fits(job.state) {
                    (confirm_link(visit, (Verb::Remove, queue), &asked, "Remove"))
                }
            }
        }
    }
}

/// The state, which news replace.
pub(super) fn state_part(view: &JobView<'_>) -> Markup {
    let job = view.job;
    html! {
        p #job-state {
            (chip(Look::of_job(job))) " "
            @if let Some(at) = job.finished_at { (ago(at)) }
            @else if let Some(at) = job.started_at { "for " (ago(at)) }
            @else if let Some(at) = job.due_at { (until(at)) }
            @if let Some(reason) = &job.cancel_requested {
                " " span.st.st-cancelled { "⊘ told to stop" } " " (reason)
            }
        }
    }
}

/// The error, the attempts and the log, which news replace.
pub(super) fn main_part(prefix: &str, view: &JobView<'_>) -> Markup {
    let job = view.job;
    html! {
        div #job-main {
            @if let Some(failure) = job.outcome.as_ref().and_then(Outcome::failure) {
                section.error { h2 { "Error" } (failure_part(failure)) (dead_letter(prefix, view)) }
            }
            @if let Some(Outcome::Cancelled(reason)) = &job.outcome {
                section { h2 { "Cancelled" } p { (reason) } }
            }
            @if let Some(progress) = payload::progress(job, view.redaction) {
                section { h2 { "Progress" } (progress_part(&progress.tree())) }
            }
            section { h2 { "What happened" } (timeline(job)) }
            @if !view.steps.parts.is_empty() { section { h2 { "Steps" } (steps(&view.steps)) } }
            section {
                h2 { "Log" }
                @if view.logs.is_empty() { p.quiet { "It wrote nothing." } }
                @else {
                    pre.log tabindex="0" { @for line in &view.logs { (line) "\n" } }
                    a
                        href={ (prefix) "/q/" (encode(view.queue.as_str())) "/job/" (encode(job.id.as_str())) "/logs.txt" } {
                        "As a file"
                    }
                }
            }
        }
    }
}

fn dead_letter(prefix: &str, view: &JobView<'_>) -> Markup {
    html! {
        @if let Some(Outcome::DeadLettered { queue, .. }) = &view.job.outcome {
            p {
                "Its dead letter went to "
                a href={ (prefix) "/dead/" (encode(queue.as_str())) } { (queue) }
                "."
            }
        }
    }
}

pub(super) fn failure_part(failure: &JobFailure) -> Markup {
    html! {
        p { b { (failure.reason.as_str()) } " in attempt " (failure.attempt) }
        pre { (failure.message) @for cause in &failure.causes { "\ncaused by: " (cause) } }
    }
}

fn progress_part(progress: &Tree) -> Markup {
    let share = match progress {
        Tree::Number(number) => number.parse::<f64>().ok().filter(|it| (0.0..=1.0).contains(it)),
        _ => None,
    };
    html! {
        @if let Some(share) = share {
            progress value=(share) max="1" { (share) } " " (format!("{:.0} %", share * 100.0))
        }
        @else { (view::tree(progress)) }
    }
}

/// From when it was added to now.
fn timeline(job: &JobInfo) -> Markup {
    let run = job.last_run.as_ref();
    html! {
        ol.timeline {
            li { "added " (ago(job.record.created_at)) }
            @for failure in job.errors.iter().rev() {
                li {
                    details {
                        summary {
                            "attempt "
                            (failure.attempt)
                            ": "
                            b { (failure.reason.as_str()) }
                            " "
                            (failure.message.lines().next().unwrap_or_default())
                        }
                        (failure_part(failure))
                    }
                }
            }
            @if job.snoozes > 0 { li { "snoozed " (number(u64::from(job.snoozes))) " times" } }
            @if job.stalls > 0 {
                li { "lost by its worker " (number(u64::from(job.stalls))) " times" }
            }
            @if let Some(at) = job.started_at {
                li {
                    "started "
                    (ago(at))
                    @if let Some(worker) = &job.worker { " on " code { (worker) } }
                }
            }
            @if let Some(run) = run {
                li {
                    "last run: started " (ago(run.started_at)) " on " (run.by)
                    @if let Some(time) = run.waited { ", waited " (took(time)) }
                    ", ran "
                    (took(run.ran))
                }
            }
            @if let Some(at) = job.finished_at { li { (Look::of(job.state).word) " " (ago(at)) } }
            @if job.state == JobState::Delayed {
                @if let Some(at) = job.due_at { li { "due " (until(at)) } }
            }
        }
    }
}

fn steps(steps: &JobSteps) -> Markup {
    html! {
        ol.timeline {
            @for step in &steps.parts {
                li { (step.kind) " " b { (step.name) } " " (ago(step.recorded_at)) }
            }
            @if let Some(waits) = &steps.waits {
                li {
                    "waits until "
                    (until(waits.until))
                    @if !waits.signals.is_empty() { " for " (waits.signals.join(", ")) }
                }
            }
        }
    }
}

/// The filter that means the jobs with a tag.
fn tagged(tag: &str) -> String {
    JobFilter::new().tag(tag).to_string()
}

/// What was asked for when it was added, and where it comes from.
fn options(visit: &Visit, view: &JobView<'_>) -> Markup {
    let (job, options) = (view.job, &view.job.record.options);
    let mut headers = Tree::Map(
        options
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Tree::Text(value.clone())))
            .collect(),
    );
    view.redaction.hide(&mut headers);
    let trace = options.headers.get("traceparent").and_then(|text| text.split('-').nth(1));
    html! {
        dl.facts {
            dt { "Priority" } dd { (job.priority) }
            dt { "Attempts" }
            dd { (job.attempts_made) @if let Some(most) = options.attempts { " of " (most) } }
            @if let Some(time) = options.timeout { dt { "Timeout" } dd { (took(time)) } }
            @if let Some(time) = options.ttl { dt { "Time to live" } dd { (took(time)) } }
            @if let Some(unique) = &options.unique {
                dt { "Unique key" } dd { code { (unique.key) } }
            }
            @if let Some(group) = &options.group { dt { "Group" } dd { (group) } }
            @for (key, most) in &options.concurrency_keys {
                dt { "Key" } dd { (key) ", " (most) " at once" }
            }
            @if !options.tags.is_empty() {
                dt { "Tags" }
                dd {
                    @for tag in &options.tags {
                        a href=(visit.at(&format!("/jobs?where={}", encode(&tagged(tag))))) {
                            (tag)
                        }
                        " "
                    }
                }
            }
            @if let Some(trace) = trace { dt { "Trace" } dd { code { (trace) } } }
            @if let Some(flow) = &view.flow {
                dt { "Flow" }
                dd {
                    (flow.node) " of "
                    a href=(visit.at(&format!("/flows/{}/{}", encode(flow.home.as_str()), encode(&flow.id)))) {
                        (flow.id)
                    }
                    " in " (flow.home)
                }
            }
            @if let Some(schedule) = &options.schedule {
                dt { "Schedule" }
                dd {
                    @let id = encode(schedule.id.as_str());
                    a href=(visit.at(&format!("/schedules/{}/{id}", encode(view.queue.as_str())))) {
                        (schedule.id)
                    }
                }
            }
            @if let Some(origin) = &options.origin {
                dt { "Topic" }
                dd {
                    a href=(visit.at(&format!("/topics/{}", encode(origin.topic.as_str())))) {
                        (origin.topic)
                    }
                    " as "
                    (origin.routing_key)
                }
            }
            dt { "Written as" }
            dd { (format!("{:?}", job.record.codec)) ", version " (job.record.version()) }
        }
        @if !options.headers.is_empty() { h3 { "Headers" } div.tree { (view::tree(&headers)) } }
    }
}
