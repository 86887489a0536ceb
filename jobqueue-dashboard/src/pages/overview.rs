//! `/`: what needs a look, and all queues, those in trouble first.

use axum::{Router, extract::State, routing::get};
use maud::{Markup, html};
use serde::Serialize;

use super::findings::{Finding, findings, of_queue};
use crate::{
    readings::Reading,
    state::App,
    view::{Fragment, Page, QueueRow, queue_row, queue_table, show},
    web::{Reply, Visit},
};

/// Above this, quiet queues are folded.
const FOLDED: usize = 50;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(page))
}

/// The page as data.
#[derive(Debug, Serialize)]
struct Overview {
    needs_a_look: Vec<Finding>,
    queues: Vec<QueueRow>,
}

async fn page(State(app): State<App>, visit: Visit) -> Reply {
    let reading = app.readings.latest().await?;
    let mut queues = rows(&reading, |queue| visit.sees(queue));
    queues.sort_by_cached_key(|row| trouble(row, &reading));
    let overview = Overview { needs_a_look: findings(&reading, |queue| visit.sees(queue)), queues };
    let page =
        Page::new("Overview", "/", body(&visit, &overview)).live("/live/overview".to_owned());
    show(&visit, page, &overview)
}

/// Queues in trouble first: by how bad it is, then by what waits, then by name.
fn trouble(row: &QueueRow, reading: &Reading) -> (bool, bool, std::cmp::Reverse<u64>, String) {
    let found = reading.stats.get(&row.queue).and_then(|it| of_queue(it, row.holds_dead_letters));
    let lag = std::cmp::Reverse(row.lag_ms.unwrap_or(0) / 1_000);
    (found.is_none(), is_quiet(row), lag, row.queue.to_string())
}

/// Whether nothing happens in it.
fn is_quiet(row: &QueueRow) -> bool {
    row.waiting + row.delayed + row.active + row.dead == 0
}

fn rows(reading: &Reading, sees: impl Fn(&str) -> bool) -> Vec<QueueRow> {
    let seen = reading.queues.iter().filter(|entry| sees(entry.name.as_str()));
    seen.filter_map(|entry| {
        let stats = reading.stats.get(&entry.name)?;
        let dead = entry.is_dead_letter();
        Some(QueueRow {
            queue: entry.name.clone(),
            waiting: if dead { 0 } else { stats.counts.waiting },
            delayed: stats.counts.delayed,
            active: stats.counts.active,
            failed: stats.counts.failed,
            paused: stats.counts.paused,
            throttled: stats.throttled_for.is_some(),
            workers: stats.workers_alive(),
            lag_ms: (!dead).then(|| u64::try_from(stats.lag().as_millis()).unwrap_or(u64::MAX)),
            rates: reading.rates.get(&entry.name).copied(),
            dead_letter: entry.dead_letter.clone(),
            holds_dead_letters: dead,
            dead: if dead { stats.counts.waiting } else { 0 },
        })
    })
    .collect()
}

fn body(visit: &Visit, overview: &Overview) -> Markup {
    let queues = &overview.queues;
    let busy = queues.iter().position(is_quiet).unwrap_or(queues.len());
    let folds = queues.len() > FOLDED && busy < queues.len();
    let shown = if folds { busy.max(20).min(queues.len()) } else { queues.len() };
    html! {
        h1.unseen { "Overview" }
        section aria-labelledby="look" {
            h2 #look { "Needs a look" }
            @if overview.needs_a_look.is_empty() { p.quiet { "Nothing." } }
            ul.findings {
                @for finding in &overview.needs_a_look {
                    li {
                        span aria-hidden="true" { "! " }
                        a href=(visit.at(&finding.path)) { (finding.queue) }
                        ": "
                        (finding.what)
                    }
                }
            }
        }
        section aria-labelledby="all" {
            h2 #all { "Queues" }
            @if queues.is_empty() {
                p {
                    "No queue yet. Add a job: "
                    code { "jobqueue add emails send '{\"to\":\"a@example.org\"}'" }
                }
            } @else {
                (queue_table(&visit.prefix, &queues[..shown]))
            }
            @if folds {
                details {
                    summary { (queues.len() - shown) " quiet queues" }
                    ul.names {
                        @for row in &queues[shown..] {
                            li {
                                a
                                    href={ (visit.prefix) "/q/" (crate::web::encode(row.queue.as_str())) } {
                                    (row.queue)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The rows, for those who watch.
pub(crate) fn overview_news(prefix: &str, reading: &Reading) -> Vec<Fragment> {
    let each = rows(reading, |_| true).into_iter().map(|row| {
        let fragment = Fragment::new(format!("q-{}", row.queue), queue_row(prefix, &row));
        Fragment { queue: Some(row.queue), ..fragment }
    });
    each.collect()
}
