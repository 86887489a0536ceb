//! `/schedules/{queue}/{id}`: one schedule, when it is due, and what came of it.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jobqueue::{
    JobInfo, QueueName,
    find::JobFilter,
    schedule::{ScheduleId, ScheduleInfo},
    types::{DateTime, Utc},
};
use maud::{Markup, html};
use serde::Serialize;

use super::schedules::in_words;
use crate::{
    look::search,
    payload::{Tree, payload, push_jobs},
    state::App,
    verb::Verb,
    view::{self, Button, Look, Page, ago, chip, exactly, number, show, took, until},
    web::{Path, Problem, Reply, Visit, encode, json, queue_name},
};

/// How many ticks ahead are shown.
const NEXT: usize = 10;

/// How many of its jobs are shown.
const JOBS: usize = 50;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/schedules/{queue}/{id}", get(page))
}

/// The page as data, but for the jobs.
#[derive(Serialize)]
struct Told<'a> {
    queue: &'a QueueName,
    #[serde(flatten)]
    schedule: &'a ScheduleInfo,
    next_ticks: Vec<DateTime<Utc>>,
    /// Whether there may be more jobs of it than were looked at.
    more: bool,
}

async fn page(
    State(app): State<App>,
    visit: Visit,
    Path((queue, id)): Path<(String, String)>,
) -> Reply {
    let name = queue_name(&queue)?;
    let id: ScheduleId = id.parse().map_err(|error| Problem::bad_request(format!("{error}.")))?;
    let queue = visit.queue(&name).await?;
    let Some(schedule) = queue.schedules().get(id.as_str()).await? else {
        let words = format!("There is no schedule `{id}` in `{name}`. It may have been removed.");
        return Err(Problem::not_found(words).link("/schedules", "All schedules"));
    };
    let mut jobs = jobs(&visit, &name, &id).await?;
    jobs.0.sort_by_key(|job| std::cmp::Reverse(job.record.created_at));
    let next_ticks = schedule.next_ticks(NEXT);
    let told = Told { queue: &name, schedule: &schedule, next_ticks, more: jobs.1 };
    if visit.json {
        return data(&app, &told, &jobs.0);
    }
    let title = format!("Schedule {id}");
    show(&visit, Page::new(&title, "/schedules", body(&visit, &told, &jobs.0)), &())
}

/// Its jobs, those that are kept, as far as one request looks.
async fn jobs(
    visit: &Visit,
    queue: &QueueName,
    id: &ScheduleId,
) -> Result<(Vec<JobInfo>, bool), Problem> {
    let own = JobFilter::new().queue(queue).schedule(id);
    let page = search(visit.client().find(own), JOBS, None).await?;
    Ok((page.jobs.into_iter().map(|found| found.job).collect(), page.next.is_some()))
}

fn data(app: &App, told: &Told<'_>, jobs: &[JobInfo]) -> Reply {
    let mut tree = Tree::of(told)?;
    app.redaction.hide(&mut tree);
    let shown = told.schedule.job.as_ref().map(|job| payload(job, &app.redaction, true).tree());
    if let (Some(place), Some(shown)) =
        (tree.field_mut("job").and_then(|job| job.field_mut("payload")), shown)
    {
        *place = shown;
    }
    push_jobs(&mut tree, jobs, &app.redaction)?;
    Ok(json(StatusCode::OK, &tree))
}

fn body(visit: &Visit, told: &Told<'_>, jobs: &[JobInfo]) -> Markup {
    let Told { queue, schedule, next_ticks, more } = told;
    let button = |verb| {
        Button::new(verb, queue.as_str()).with("id", &schedule.id).with("own_page", 1).show(visit)
    };
    html! {
        div.title {
            h1 { (schedule.id) }
            p.facts {
                @if schedule.paused { (chip(Look::PAUSED)) " " }
                (schedule.timing.as_deref().map(in_words).unwrap_or_default())
                " in " a href=(visit.at_queue(queue.as_str())) { (queue) }
                " · " a href=(visit.at("/schedules")) data-up { "All schedules" }
            }
            div.buttons {
                @if schedule.paused { (button(Verb::ResumeSchedule)) }
                @else { (button(Verb::PauseSchedule)) }
                (button(Verb::RunSchedule))
            }
        }
        @if let Some(problem) = &schedule.problem { p.problem { (problem) } }
        div.columns {
            div {
                section { h2 { "What came of it" } (came(visit, queue, jobs)) }
                @if *more { p.quiet { "There may be more: not all jobs of the queue were looked at." } }
            }
            div {
                section { h2 { "When it is due" } (due(schedule, next_ticks)) }
                section { h2 { "The job" } (job(visit, queue, schedule)) }
            }
        }
    }
}

fn due(schedule: &ScheduleInfo, next_ticks: &[DateTime<Utc>]) -> Markup {
    html! {
        @if schedule.paused { p.empty { "It is paused, and adds no job until it is resumed." } }
        @else if next_ticks.is_empty() { p.empty { "It is over." } }
        @else {
            p.quiet { "By " (schedule.timing.as_deref().unwrap_or("a rule that can't be read here")) ", in your time zone:" }
            ul.plain { @for tick in next_ticks { li { (exactly(*tick)) ", " (until(*tick)) } } }
        }
        dl.facts {
            dt { "Jobs added" }
            dd {
                (number(schedule.fired))
                @if schedule.left_out > 0 { ", " (number(schedule.left_out)) " left out" }
            }
            dt { "Last" }
            dd {
                @match (schedule.last_tick, &schedule.last_job) {
                    (Some(at), _) => (ago(at)),
                    (None, Some(_)) => "run by hand",
                    (None, None) => "never",
                }
            }
            @if let Some(owner) = &schedule.owner { dt { "Declared by" } dd { (owner) } }
            @if schedule.moved { dt { "Timing" } dd { "set by hand" } }
        }
    }
}

fn job(visit: &Visit, queue: &QueueName, schedule: &ScheduleInfo) -> Markup {
    html! {
        @match &schedule.job {
            None => p.empty { "This program can't read it." },
            Some(job) => {
                p {
                    b { (job.name) } " "
                    a href=(visit.at(&format!("/history?queue={}&name={}", encode(queue.as_str()), encode(job.name.as_str())))) {
                        "History of these jobs"
                    }
                }
                (view::body(&payload(job, &visit.app.redaction, false), "?"))
            }
        }
    }
}

fn came(visit: &Visit, queue: &QueueName, jobs: &[JobInfo]) -> Markup {
    html! {
        @if jobs.is_empty() {
            p.empty { "None of its jobs is kept. Set `retain` to keep those that are completed." }
        }
        @else {
            table.rows {
                thead { tr {
                    @for title in ["Job", "State", "Added", "Ended", "Ran"] {
                        th scope="col" { (title) }
                    }
                } }
                tbody { @for job in jobs { tr data-row {
                    td.id {
                        a data-open data-id=(job.id)
                            href=(visit.at_job(queue.as_str(), job.id.as_str())) { (job.id) }
                    }
                    td { (chip(Look::of_job(job))) }
                    td { (ago(job.record.created_at)) }
                    td { @if let Some(at) = job.finished_at { (ago(at)) } }
                    td { @if let Some(run) = &job.last_run { (took(run.ran)) } }
                } } }
            }
        }
    }
}
