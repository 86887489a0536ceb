//! `/q/{queue}/{state}`: the jobs of a state, newest first.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jobqueue::{
    JobInfo, JobState, Queue, QueueName,
    find::{JobFilter, SearchCursor},
    manage::QueueEntry,
    stats::QueueStats,
};
use serde::Serialize;

use super::{
    failures::{Group, grouped},
    queue_parts::{facts, history_link, tabs},
    queue_view::List,
};
use crate::{
    filter::Where,
    look::{Place, cursor, search},
    payload::{Tree, push_jobs},
    readings::Reading,
    state::App,
    trends::Trend,
    view::{Fragment, Look, Page, job_rows, show},
    web::{Params, Path, Problem, Reply, Visit, encode, json, queue_name},
};

/// Jobs on a page, unless the address says otherwise.
const PAGE: u64 = 50;

/// The deepest page, in jobs.
const DEEPEST: u64 = 100_000_000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/q/{queue}", get(first)).route("/q/{queue}/{state}", get(page))
}

/// Without a state: what is most telling.
async fn first(
    state: State<App>,
    visit: Visit,
    Path(queue): Path<String>,
    params: Params,
) -> Reply {
    let name = queue_name(&queue)?;
    let counts = visit.queue(&name).await?.counts().await?;
    let shown = if counts.failed > 0 && counts.waiting + counts.active == 0 {
        JobState::Failed
    } else if counts.waiting == 0 && counts.active > 0 {
        JobState::Active
    } else {
        JobState::Waiting
    };
    list(&state, &visit, (&name, shown), &params).await
}

async fn page(
    state: State<App>,
    visit: Visit,
    Path((queue, shown)): Path<(String, String)>,
    params: Params,
) -> Reply {
    let name = queue_name(&queue)?;
    let shown = shown.parse().map_err(|error| Problem::not_found(format!("{error}.")))?;
    list(&state, &visit, (&name, shown), &params).await
}

/// The page as data.
#[derive(Serialize)]
struct Data<'a> {
    stats: &'a QueueStats,
    trend: Option<&'a Trend>,
    state: JobState,
    #[serde(rename = "where")]
    filter: &'a str,
    after: u64,
    search: Option<&'a Place>,
    failures: &'a [Group],
}

async fn list(
    app: &App,
    visit: &Visit,
    (name, state): (&QueueName, JobState),
    params: &Params,
) -> Reply {
    let n = params.number("n", 20..=200, PAGE)?;
    let after = params.number("after", 0..=DEEPEST, 0)?;
    let filter = Where::read(params.text("where")?.unwrap_or_default(), &app.redaction)?;
    let queue = visit.queue(name).await?;
    let (jobs, place) = match cursor(params)? {
        _ if filter.is_empty() => (queue.jobs(state).newest_first().page(after, n).await?, None),
        cursor => find(visit, (&queue, state), &filter, (cursor, n)).await?,
    };
    let groups = if state == JobState::Failed && after == 0 && filter.is_empty() {
        grouped(&jobs)
    } else {
        Vec::new()
    };
    let entry = queues_entry(app, name).await?;
    let stats = queue.stats().await?;
    let trend = app.trends.of(name).await;
    let list = List { visit, stats, entry, trend, state, filter, jobs, groups, after, n, place };
    if visit.json {
        return data(app, &list);
    }
    let title = format!("{name}: {}", Look::of(state).word);
    let mut page = Page::new(&title, "/", list.body());
    // Others are no news: they would push what is read away.
    if after == 0 && list.filter.is_empty() && n == PAGE {
        let (queue, state) = (encode(name.as_str()), state.as_str());
        page = page.live(format!("/live/q/{queue}/{state}"));
    }
    show(visit, page, &())
}

async fn queues_entry(app: &App, name: &QueueName) -> Result<Option<QueueEntry>, Problem> {
    let queues = app.readings.queues().await?;
    Ok(queues.into_iter().find(|entry| entry.name == *name))
}

/// The jobs that a filter means, from the newest or from where a page before has ended.
async fn find(
    visit: &Visit,
    (queue, state): (&Queue, JobState),
    filter: &Where,
    (cursor, n): (Option<SearchCursor>, u64),
) -> Result<(Vec<JobInfo>, Option<Place>), Problem> {
    let here = JobFilter::new().queue(queue.name()).state(state);
    let find = visit.client().find(filter.of_jobs().and(here));
    let page = search(find, usize::try_from(n).unwrap_or(usize::MAX), cursor.as_ref()).await?;
    let place = Place::of(&page);
    Ok((page.jobs.into_iter().map(|found| found.job).collect(), Some(place)))
}

fn data(app: &App, list: &List<'_>) -> Reply {
    let data = Data {
        stats: &list.stats,
        trend: list.trend.as_ref(),
        state: list.state,
        filter: list.filter.text(),
        after: list.after,
        search: list.place.as_ref(),
        failures: &list.groups,
    };
    let mut tree = Tree::of(&data)?;
    push_jobs(&mut tree, &list.jobs, &app.redaction)?;
    Ok(json(StatusCode::OK, &tree))
}

/// What is new, for those who watch.
pub(crate) async fn queue_news(
    app: &App,
    prefix: &str,
    (name, state): (&QueueName, JobState),
    reading: &Reading,
) -> Result<Vec<Fragment>, Problem> {
    let queue = app.client.queue(name.as_str())?;
    let stats = &queue.stats().await?;
    let jobs = queue.jobs(state).newest_first().page(0, PAGE).await?;
    let rows = job_rows((prefix, name.as_str(), state), &jobs, &app.redaction);
    Ok(vec![
        Fragment::new("tabs", tabs(prefix, stats, state)),
        Fragment::new("facts", facts(stats, reading.holds_dead_letters(name))),
        Fragment::new("job-rows", rows),
        Fragment::new(
            "trend",
            history_link(prefix, name.as_str(), app.trends.known(name).as_ref()),
        ),
    ])
}
