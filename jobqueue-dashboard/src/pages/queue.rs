//! `/q/{queue}/{state}`: the jobs of a state, newest first.

use std::ops::ControlFlow;

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use jobqueue::{JobInfo, JobState, Queue, QueueName, manage::QueueEntry, stats::QueueStats};
use maud::{Markup, html};
use serde::Serialize;

use super::{
    failures::{Group, grouped, groups},
    queue_parts::{facts, tabs},
};
use crate::{
    payload::{Tree, job_tree},
    readings::Reading,
    search::{Reach, Where, look},
    state::App,
    verb::Verb,
    view::{Button, Fragment, Look, Page, confirm_link, job_rows, job_table, number, show},
    web::{Params, Problem, Reply, Visit, encode, queue_name},
};

/// Jobs on a page, unless the address says otherwise.
const PAGE: u64 = 50;

/// The deepest page, in jobs.
const DEEPEST: u64 = 100_000_000;

/// How many jobs a filter looks at in one request.
const LOOKED_AT: u64 = 2_000;

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

/// What is shown of a queue.
struct List<'a> {
    visit: &'a Visit,
    stats: QueueStats,
    entry: Option<QueueEntry>,
    state: JobState,
    filter: Where,
    jobs: Vec<JobInfo>,
    groups: Vec<Group>,
    /// Jobs before the first on this page.
    after: u64,
    n: u64,
    /// How many jobs a filter has looked at, and whether that were all.
    looked: Option<(u64, bool)>,
}

/// The page as data.
#[derive(Serialize)]
struct Data<'a> {
    stats: &'a QueueStats,
    state: JobState,
    #[serde(rename = "where")]
    filter: &'a str,
    after: u64,
    looked_at: Option<u64>,
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
    let (jobs, looked) = read(&queue, state, &filter, (after, n)).await?;
    let groups = if state == JobState::Failed && after == 0 && filter.is_empty() {
        grouped(&jobs)
    } else {
        Vec::new()
    };
    let entry = queues_entry(app, name).await?;
    let stats = queue.stats().await?;
    let list = List { visit, stats, entry, state, filter, jobs, groups, after, n, looked };
    if visit.json {
        return list.data(app);
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

type Found = (Vec<JobInfo>, Option<(u64, bool)>);

async fn read(
    queue: &Queue,
    state: JobState,
    filter: &Where,
    (after, n): (u64, u64),
) -> Result<Found, Problem> {
    if filter.is_empty() {
        return Ok((queue.jobs(state).newest_first().page(after, n).await?, None));
    }
    let mut found = queue.find(filter.filter().clone().state(state));
    let (mut jobs, mut skipped) = (Vec::new(), 0);
    let take = |job| {
        if skipped < after {
            skipped += 1;
        } else {
            jobs.push(job);
        }
        if jobs.len() as u64 >= n { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let all = look(&mut found, Reach::of(LOOKED_AT), take).await?;
    Ok((jobs, Some((found.looked().jobs, all))))
}

impl List<'_> {
    fn data(&self, app: &App) -> Reply {
        let data = Data {
            stats: &self.stats,
            state: self.state,
            filter: self.filter.text(),
            after: self.after,
            looked_at: self.looked.map(|(jobs, _)| jobs),
            failures: &self.groups,
        };
        let mut tree = Tree::of(&data)?;
        let jobs = self.jobs.iter().map(|job| job_tree(job, &app.redaction));
        if let Tree::Map(fields) = &mut tree {
            fields.push(("jobs".to_owned(), Tree::List(jobs.collect::<Result<_, _>>()?)));
        }
        Ok(crate::web::json(axum::http::StatusCode::OK, &tree))
    }

    fn body(&self) -> Markup {
        let queue = self.stats.queue.as_str();
        html! {
            (self.head())
            (tabs(&self.visit.prefix, &self.stats, self.state))
            (self.search())
            @if !self.groups.is_empty() { (groups(&self.visit.prefix, queue, &self.groups)) }
            @if self.jobs.is_empty() { (self.empty()) }
            @else {
                form #list method="get" action=(self.visit.at("/confirm")) {
                    input type="hidden" name="queue" value=(queue);
                    p.unseen data-news { }
                    (job_table((&self.visit.prefix, queue, self.state), &self.jobs, &self.visit.app.redaction))
                    (self.bulk())
                }
                (self.pages())
            }
        }
    }

    fn head(&self) -> Markup {
        let (visit, stats) = (self.visit, &self.stats);
        let queue = stats.queue.as_str();
        let dead_letter = self.entry.as_ref().and_then(|entry| entry.dead_letter.as_ref());
        let holds = self.entry.as_ref().is_some_and(QueueEntry::is_dead_letter);
        html! {
            div.title {
                h1 { (queue) }
                (facts(stats, holds))
                div.buttons {
                    @if holds {
                        a.button href=(visit.at(&format!("/dead/{}", encode(queue)))) {
                            "Its dead letters"
                        }
                    }
                    @if let Some(dead) = dead_letter {
                        a.button href=(visit.at_letters(dead.as_str())) {
                            "Dead letters in " (dead)
                        }
                    }
                    @if stats.throttled_for.is_some() {
                        (Button::new(Verb::Lift, queue).show(visit))
                    }
                    @if stats.counts.paused { (Button::new(Verb::Resume, queue).show(visit)) }
                    @else { (Button::new(Verb::Pause, queue).show(visit)) }
                }
            }
        }
    }

    fn search(&self) -> Markup {
        html! {
            form.filter method="get" hx-get="" hx-target="#main" hx-select="#main"
                hx-swap="outerHTML" hx-push-url="true" {
                input type="search" name="where" value=(self.filter.text()) maxlength="1024"
                    aria-label="Filter" placeholder="Filter: name:send payload.customer=4711";
                button type="submit" { "Filter" }
            }
            @if let Some((jobs, all)) = self.looked {
                p.quiet {
                    (number(jobs))
                    @if !all { "+" }
                    " of "
                    (number(self.stats.counts.of(self.state)))
                    " looked at, newest first, " (self.jobs.len()) " shown. "
                    a href="?" { "Clear" }
                }
            }
        }
    }

    fn empty(&self) -> Markup {
        let queue = &self.stats.queue;
        html! {
            p.empty {
                @if !self.filter.is_empty() {
                    "No job matches "
                    code { (self.filter.text()) }
                    ". "
                    a href="?" { "Clear the filter" }
                }
                @else if self.after > 0 { "There are no more. " a href="?" { "To the newest" } }
                @else {
                    @match self.state {
                        JobState::Waiting => "Nothing waits.",
                        JobState::Delayed => "Nothing is due later.",
                        JobState::Active => "Nothing runs.",
                        JobState::Completed =>
                            "No completed job is kept. Set `retain` on the handler or its add to keep some.",
                        JobState::Failed => "No failed job is kept.",
                        JobState::Cancelled => "No cancelled job is kept.",
                        _ => "No job waits for others.",
                    }
                    @if self.stats.counts.total_added == 0 {
                        " No job was ever added: " code { "jobqueue add " (queue) " NAME '{}'" }
                    }
                }
            }
        }
    }

    /// What can be done to those that are selected, and to all.
    fn bulk(&self) -> Markup {
        let queue = self.stats.queue.as_str();
        let can = |verb: &Verb| verb.fits(self.state) && self.visit.person.can(verb.role(), queue);
        let verbs = [Verb::Retry, Verb::Promote, Verb::Cancel, Verb::Remove];
        let fields = [("state", self.state.as_str()), ("where", self.filter.text())];
        html! {
            div.bulk role="group" aria-label="Selected jobs" {
                @for verb in verbs.into_iter().filter(can) {
                    button type="submit" name="verb" value=(verb.as_str())
                        class=[verb.is_destructive().then_some("danger")] {
                        (verb.words()) " selected"
                    }
                    @if verb != Verb::Promote {
                        (confirm_link(self.visit, (verb, queue), &fields, &format!("{} all", verb.words())))
                    }
                }
            }
        }
    }

    fn pages(&self) -> Markup {
        let at = |after: u64| {
            let mut path = format!("?after={after}&n={}", self.n);
            if !self.filter.is_empty() {
                path.push_str(&format!("&where={}", encode(self.filter.text())));
            }
            path
        };
        let more = self.jobs.len() as u64 >= self.n;
        html! {
            nav.pages aria-label="Pages of jobs" hx-target="#main" hx-select="#main"
                hx-swap="outerHTML show:window:top" hx-push-url="true" {
                @if self.after > 0 {
                    a href=(at(self.after.saturating_sub(self.n)))
                        hx-get=(at(self.after.saturating_sub(self.n))) data-page="[" rel="prev" {
                        "Newer"
                    }
                }
                span.quiet {
                    (number(self.after + 1)) "–" (number(self.after + self.jobs.len() as u64))
                }
                @if more {
                    a href=(at(self.after + self.n)) hx-get=(at(self.after + self.n)) data-page="]"
                        rel="next" {
                        "Older"
                    }
                }
            }
        }
    }
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
    ])
}
