//! `/jobs?where=`: jobs of all queues that this person sees.

use std::ops::ControlFlow;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jobqueue::{Client, Error, JobId, JobInfo, QueueName, error::Refused, manage::QueueEntry};
use maud::{Markup, html};

use crate::{
    payload::{Tree, job_tree, payload},
    search::{Reach, Where, look},
    state::App,
    view::{Look, Page, ago, chip, number, show},
    web::{Params, Problem, Reply, Visit, json},
};

/// How many jobs one request looks at, in all queues.
const LOOKED_AT: u64 = 2_000;

/// How many are shown.
const MOST: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/jobs", get(page))
}

/// What was found, and how far was looked.
#[derive(Default)]
struct Found {
    jobs: Vec<(QueueName, JobInfo)>,
    looked: u64,
    /// Whether not all was looked at.
    partly: bool,
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let text = params.text("where")?.unwrap_or_default().to_owned();
    let found = match only_id(&text) {
        _ if text.is_empty() => Found::default(),
        Some(id) => by_id(&app, &visit, &id).await?,
        None => by_filter(&app, &visit, &text).await?,
    };
    if visit.json {
        let jobs = found.jobs.iter().map(|(queue, job)| {
            let mut tree = job_tree(job, &app.redaction)?;
            if let Tree::Map(fields) = &mut tree {
                fields.insert(0, ("queue".to_owned(), Tree::Text(queue.to_string())));
            }
            Ok::<_, Problem>(tree)
        });
        return Ok(json(StatusCode::OK, &Tree::List(jobs.collect::<Result<_, _>>()?)));
    }
    show(&visit, Page::new("Jobs", "/jobs", body(&visit, &text, &found)), &())
}

/// A text that can only be an id.
fn only_id(text: &str) -> Option<JobId> {
    let id = text.strip_prefix("id:").unwrap_or(text);
    let bare =
        !id.contains([':', '=', ' ', '<', '>', '~']) && id.chars().any(|c| c.is_ascii_digit());
    if bare || id.len() < text.len() { id.parse().ok() } else { None }
}

/// One job, in whatever queues it is.
async fn by_id(app: &App, visit: &Visit, id: &JobId) -> Result<Found, Problem> {
    let queues = app.readings.queues().await?;
    let mut found = Found::default();
    let mut each = Vec::new();
    for queue in seen(&queues, visit) {
        each.push(one(app.client.clone(), queue, id.clone()));
    }
    // All at the same time, on one connection.
    for answer in futures_util::future::join_all(each).await {
        let (queue, job) = answer?;
        found.looked += 1;
        match job {
            Ok(job) => found.jobs.push((queue, job)),
            Err(Error::Refused(Refused::NotFound { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// The queues that this person sees.
fn seen(queues: &[QueueEntry], visit: &Visit) -> Vec<QueueName> {
    let names = queues.iter().map(|entry| entry.name.clone());
    names.filter(|name| visit.sees(name.as_str())).collect()
}

type Answer = Result<(QueueName, Result<JobInfo, Error>), Error>;

async fn one(client: Client, queue: QueueName, id: JobId) -> Answer {
    let job = client.queue(queue.as_str())?.job(id).info().await;
    Ok((queue, job))
}

async fn by_filter(app: &App, visit: &Visit, text: &str) -> Result<Found, Problem> {
    let filter = Where::read(text, &app.redaction)?;
    let queues = app.readings.queues().await?;
    let mut reach = Reach::of(LOOKED_AT);
    let mut found = Found::default();
    for queue in seen(&queues, visit) {
        let mut jobs = app.client.queue(queue.as_str())?.find(filter.filter().clone());
        let take = |job| {
            found.jobs.push((queue.clone(), job));
            if found.jobs.len() >= MOST {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let all = look(&mut jobs, reach, take).await?;
        let looked = jobs.looked().jobs;
        found.looked += looked;
        reach.jobs = reach.jobs.saturating_sub(looked);
        if !all || reach.jobs == 0 {
            found.partly = true;
            break;
        }
    }
    Ok(found)
}

fn body(visit: &Visit, text: &str, found: &Found) -> Markup {
    html! {
        h1 { "Jobs" }
        form.filter method="get" role="search" {
            input type="search" name="where" value=(text) maxlength="1024" aria-label="Search jobs"
                placeholder="An id, or state:failed name:send payload.customer=4711";
            button type="submit" { "Search" }
        }
        @if text.is_empty() {
            p.empty { "Look for jobs in all queues, by their id, or by what they carry." }
        }
        @else {
            p.quiet {
                (number(found.looked)) " looked at, " (found.jobs.len()) " found."
                @if found.partly {
                    " There may be more: narrow the search, or look within one queue."
                }
            }
            @if found.jobs.is_empty() { p.empty { "No job matches " code { (text) } "." } }
            @else { (table(visit, found)) }
        }
    }
}

fn table(visit: &Visit, found: &Found) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    @for title in ["Job", "Queue", "Name", "State", "Payload", "Added", "Error"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for (queue, job) in &found.jobs { tr data-row {
                td.id {
                    a data-open data-id=(job.id)
                        href=(visit.at_job(queue.as_str(), job.id.as_str())) {
                        (job.id)
                    }
                }
                td { (queue) }
                td { (job.record.name) }
                td { (chip(Look::of_job(job))) }
                td.preview {
                    code { (payload(&job.record, &visit.app.redaction, false).preview(80)) }
                }
                td { (ago(job.record.created_at)) }
                td { @if let Some(failure) = job.outcome.as_ref().and_then(jobqueue::Outcome::failure) {
                    (failure.message.lines().next().unwrap_or_default().chars().take(100).collect::<String>())
                } }
            } } }
        }
    }
}
