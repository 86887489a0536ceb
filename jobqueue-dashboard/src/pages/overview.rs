//! `/`: what needs a look, and all queues, those in trouble first.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Router, extract::State, routing::get};
use jobqueue::QueueName;
use maud::{Markup, html};
use serde::Serialize;

use super::findings::{Finding, findings, worst};
use crate::{
    readings::Reading,
    state::App,
    view::{Fragment, Page, QueueRow, queue_row, queue_table, show},
    web::{Params, Problem, Reply, Visit},
};

/// Queues on a page, unless the address says otherwise.
const PAGE: u64 = 50;

/// The deepest page, in queues.
const DEEPEST: u64 = 1_000_000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(page))
}

/// The page as data.
#[derive(Debug, Serialize)]
struct Overview {
    needs_a_look: Vec<Finding>,
    /// How many queues there are.
    count: usize,
    after: usize,
    n: usize,
    queues: Vec<QueueRow>,
}

async fn read(app: &App, visit: &Visit, params: &Params) -> Result<Overview, Problem> {
    let n = usize::try_from(params.number("n", 20..=200, PAGE)?).unwrap_or(usize::MAX);
    let after = usize::try_from(params.number("after", 0..=DEEPEST, 0)?).unwrap_or(usize::MAX);
    let reading = app.readings.all().await?;
    let mut queues = rows(&reading, |queue| visit.sees(queue.as_str()));
    let found = findings(&reading, app.checkup.thresholds());
    queues.sort_by_cached_key(|row| trouble(row, &found));
    let count = queues.len();
    let mut queues: Vec<_> = queues.into_iter().skip(after).take(n).collect();
    app.trends.look(queues.iter().map(|row| &row.queue)).await;
    for row in &mut queues {
        row.trend = app.trends.known(&row.queue);
    }
    let needs_a_look = worst(&found, |queue| visit.sees(queue));
    Ok(Overview { needs_a_look, count, after, n, queues })
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let overview = read(&app, &visit, &params).await?;
    let live = format!("/live/overview?after={}&n={}", overview.after, overview.n);
    let page = Page::new("Overview", "/", body(&visit, &overview)).live(live);
    show(&visit, page, &overview)
}

/// The queues that a page shows, for those who watch it.
pub(crate) async fn overview_rows(
    app: &App,
    visit: &Visit,
    params: &Params,
) -> Result<BTreeSet<QueueName>, Problem> {
    let overview = read(app, visit, params).await?;
    Ok(overview.queues.into_iter().map(|row| row.queue).collect())
}

/// Queues in trouble first: by how bad it is, then by what waits, then by name.
fn trouble(
    row: &QueueRow,
    found: &BTreeMap<QueueName, Finding>,
) -> (bool, bool, std::cmp::Reverse<u64>, String) {
    let lag = std::cmp::Reverse(row.lag_ms.unwrap_or(0) / 1_000);
    (!found.contains_key(&row.queue), is_quiet(row), lag, row.queue.to_string())
}

/// Whether nothing happens in it.
fn is_quiet(row: &QueueRow) -> bool {
    row.waiting + row.delayed + row.active + row.dead == 0
}

fn rows(reading: &Reading, sees: impl Fn(&QueueName) -> bool) -> Vec<QueueRow> {
    let seen = reading.queues.iter().filter(|entry| sees(&entry.name));
    seen.filter_map(|entry| {
        let stats = reading.stats.get(&entry.name)?;
        let dead = entry.is_dead_letter();
        Some(QueueRow {
            queue: entry.name.clone(),
            waiting: if dead { 0 } else { stats.waiting },
            delayed: stats.delayed,
            active: stats.active,
            failed: stats.failed,
            paused: stats.paused,
            throttled: stats.throttled_for.is_some(),
            workers: stats.workers_alive,
            lag_ms: (!dead).then(|| {
                u64::try_from(stats.oldest_waiting.unwrap_or_default().as_millis())
                    .unwrap_or(u64::MAX)
            }),
            rates: reading.rates.get(&entry.name).copied(),
            dead_letter: entry.dead_letter.clone(),
            holds_dead_letters: dead,
            dead: if dead { stats.waiting } else { 0 },
            trend: None,
        })
    })
    .collect()
}

fn body(visit: &Visit, overview: &Overview) -> Markup {
    let Overview { needs_a_look, count, after, n, queues } = overview;
    html! {
        h1.unseen { "Overview" }
        section aria-labelledby="look" {
            h2 #look { "Needs a look" }
            @if needs_a_look.is_empty() { p.quiet { "Nothing stands still and nothing waits for long." } }
            ul.findings {
                @for finding in needs_a_look {
                    li {
                        span aria-hidden="true" { "! " }
                        a href=(visit.at(&finding.path)) { (finding.queue) ": " (finding.what) }
                    }
                }
            }
            p.quiet { a href=(visit.at("/doctor")) { "All checks, of servers as well" } }
        }
        section aria-labelledby="all" {
            h2 #all { "Queues" }
            @if *count == 0 {
                p {
                    "No queue yet. Add a job: "
                    code { "jobqueue add emails send '{\"to\":\"a@example.org\"}'" }
                }
            } @else {
                (queue_table(&visit.prefix, queues))
                nav.pages aria-label="Pages of queues" {
                    @if *after > 0 {
                        a rel="prev" data-page="[" href={ "?after=" (after.saturating_sub(*n)) "&n=" (n) } {
                            "Those in more trouble"
                        }
                    }
                    span.quiet { (after + 1) "–" (after + queues.len()) " of " (count) }
                    @if after + n < *count {
                        a rel="next" data-page="]" href={ "?after=" (after + n) "&n=" (n) } { "More" }
                    }
                }
            }
        }
    }
}

/// The rows, for those who watch.
pub(crate) fn overview_news(
    app: &App,
    prefix: &str,
    reading: &Reading,
    shown: &BTreeSet<QueueName>,
) -> Vec<Fragment> {
    let each = rows(reading, |queue| shown.contains(queue)).into_iter().map(|mut row| {
        row.trend = app.trends.known(&row.queue);
        let fragment = Fragment::new(format!("q-{}", row.queue), queue_row(prefix, &row));
        Fragment { queue: Some(row.queue), ..fragment }
    });
    each.collect()
}
