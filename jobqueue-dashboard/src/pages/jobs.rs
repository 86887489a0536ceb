//! `/jobs?where=`: jobs of all queues that this person sees, a page at a time.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jobqueue::{
    Outcome,
    find::{FoundJob, JobFilter, SearchCursor},
};
use maud::{Markup, html};

use crate::{
    filter::Where,
    look::{Place, cursor, search},
    payload::{Tree, job_tree, payload},
    state::App,
    view::{Look, Page, ago, chip, looked, show},
    web::{Params, Problem, Reply, Visit, encode, json},
};

/// How many are shown.
const MOST: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/jobs", get(page))
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let wanted = Where::read(params.text("where")?.unwrap_or_default(), &app.redaction)?;
    let cursor = cursor(&params)?;
    let (jobs, place) = match &wanted {
        wanted if wanted.is_empty() => (Vec::new(), Place::default()),
        wanted => find(&app, &visit, wanted, cursor).await?,
    };
    if visit.json {
        return data(&app, &jobs, &place);
    }
    let body = body(&visit, &wanted, (&jobs, &place));
    show(&visit, Page::new("Jobs", "/jobs", body), &())
}

async fn find(
    app: &App,
    visit: &Visit,
    wanted: &Where,
    cursor: Option<SearchCursor>,
) -> Result<(Vec<FoundJob>, Place), Problem> {
    let mut filter = wanted.of_jobs();
    if !visit.person.sees_all() {
        let queues = app.readings.queues().await?;
        let seen = queues.into_iter().map(|entry| entry.name);
        let seen: Vec<_> = seen.filter(|name| visit.sees(name.as_str())).collect();
        // No name at all would stand for all queues.
        if seen.is_empty() {
            return Ok((Vec::new(), Place::default()));
        }
        filter = filter.and(seen.into_iter().fold(JobFilter::new(), JobFilter::queue));
    }
    let page = search(visit.client().find(filter), MOST, cursor.as_ref()).await?;
    let place = Place::of(&page);
    Ok((page.jobs, place))
}

fn data(app: &App, jobs: &[FoundJob], place: &Place) -> Reply {
    let jobs = jobs.iter().map(|found| {
        let queue = Tree::Text(found.queue.to_string());
        let fields = [("queue", queue), ("job", job_tree(&found.job, &app.redaction)?)];
        Ok(Tree::Map(fields.map(|(name, value)| (name.to_owned(), value)).into()))
    });
    let mut tree = Tree::of(place)?;
    if let Tree::Map(fields) = &mut tree {
        let jobs = Tree::List(jobs.collect::<Result<_, Problem>>()?);
        fields.insert(0, ("jobs".to_owned(), jobs));
    }
    Ok(json(StatusCode::OK, &tree))
}

fn body(visit: &Visit, wanted: &Where, (jobs, place): (&[FoundJob], &Place)) -> Markup {
    let text = wanted.text();
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
            p.quiet { (looked(place.looked.jobs, place.of)) (place.looked.found) " found." }
            @if jobs.is_empty() {
                p.empty {
                    "No job " @if place.next.is_some() { "so far " } "matches " code { (text) } "."
                }
            }
            @else { (table(visit, jobs)) }
            @if let Some(next) = &place.next {
                nav.pages aria-label="Pages of jobs" {
                    a rel="next" data-page="]"
                        href={ "?where=" (encode(text)) "&cursor=" (encode(next)) } {
                        "Go on"
                    }
                }
            }
        }
    }
}

fn table(visit: &Visit, jobs: &[FoundJob]) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    @for title in ["Job", "Queue", "Name", "State", "Payload", "Added", "Error"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for FoundJob { queue, job, .. } in jobs { tr data-row {
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
                td { @if let Some(failure) = job.outcome.as_ref().and_then(Outcome::failure) {
                    (failure.message.lines().next().unwrap_or_default().chars().take(100).collect::<String>())
                } }
            } } }
        }
    }
}
