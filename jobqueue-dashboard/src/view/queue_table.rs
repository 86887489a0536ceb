//! Queues as rows.

use jobqueue::{JobState, QueueName, stats::Rates};
use maud::{Markup, html};
use serde::Serialize;

use super::{Look, chip, number, seconds, sparkline};
use crate::{trends::Trend, web::encode};

/// A queue as its row shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct QueueRow {
    pub(crate) queue: QueueName,
    pub(crate) waiting: u64,
    pub(crate) delayed: u64,
    pub(crate) active: u64,
    pub(crate) failed: u64,
    pub(crate) paused: bool,
    pub(crate) throttled: bool,
    pub(crate) workers: u64,
    /// Of those that wait for a worker; none of dead letters, which wait for nobody.
    pub(crate) lag_ms: Option<u64>,
    pub(crate) rates: Option<Rates>,
    /// Where its dead letters go.
    pub(crate) dead_letter: Option<QueueName>,
    /// Whether it holds the dead letters of others.
    pub(crate) holds_dead_letters: bool,
    /// Dead letters that wait here.
    pub(crate) dead: u64,
    /// How it went, if that is known yet.
    pub(crate) trend: Option<Trend>,
}

/// The columns of numbers.
const TITLES: [&str; 10] = [
    "Ready",
    "Delayed",
    "Active",
    "Failed",
    "Failed 24 h",
    "Dead",
    "In/s",
    "Out/s",
    "Lag",
    "Workers",
];

/// All of them. Rows have ids of their own, so that news find them.
pub(crate) fn queue_table(prefix: &str, rows: &[QueueRow]) -> Markup {
    html! {
        table.rows #queues {
            thead { tr {
                th scope="col" { "Queue" }
                th scope="col" { "Last hour" }
                @for title in TITLES { th.num scope="col" { (title) } }
                th scope="col" { span.unseen { "Held back" } }
            } }
            tbody #queue-rows { @for row in rows { (queue_row(prefix, row)) } }
        }
    }
}

/// One row.
pub(crate) fn queue_row(prefix: &str, row: &QueueRow) -> Markup {
    let name = encode(row.queue.as_str());
    let base = format!("{prefix}/q/{name}");
    let states = [
        (JobState::Waiting, row.waiting),
        (JobState::Delayed, row.delayed),
        (JobState::Active, row.active),
        (JobState::Failed, row.failed),
    ];
    html! {
        tr id={ "q-" (row.queue) } class=[row.paused.then_some("hatched")] data-row {
            td data-label="Queue" { a href=(base) data-open { (row.queue) } }
            td {
                @if let Some(trend) = &row.trend {
                    a href={ (prefix) "/history?last=1h&queue=" (name) } { (sparkline(trend)) }
                }
            }
            @for (state, count) in states {
                td.num data-label=(state.as_str()) {
                    @if row.holds_dead_letters && state == JobState::Waiting { span.quiet { "–" } }
                    @else {
                        a href={ (base) "/" (state.as_str()) }
                            class=[(count == 0).then_some("zero")] {
                            (number(count))
                        }
                    }
                }
            }
            td.num data-label="failed in 24 h" {
                @match &row.trend {
                    Some(trend) => a href={ (prefix) "/history?queue=" (name) }
                        class=[(trend.failed_24h == 0).then_some("zero")] {
                        (number(trend.failed_24h))
                    },
                    None => { span.quiet { "–" } },
                }
            }
            td.num data-label="dead" {
                @if row.holds_dead_letters {
                    a href={ (prefix) "/dead/" (name) } { (number(row.dead)) }
                }
                @else { span.quiet { "–" } }
            }
            td.num data-label="in/s" { (rate(row.rates.map(|it| it.added))) }
            td.num data-label="out/s" { (rate(row.rates.map(|it| it.completed))) }
            td.num data-label="lag" {
                @match row.lag_ms {
                    Some(ms) => { (seconds(std::time::Duration::from_millis(ms))) },
                    None => { span.quiet { "kept, not waiting" } },
                }
            }
            td.num data-label="workers" { (row.workers) }
            td {
                @if row.paused { (chip(Look::PAUSED)) }
                @if row.throttled { (chip(Look::THROTTLED)) }
            }
        }
    }
}

fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "–".to_owned(),
        Some(rate) if rate >= 100.0 => format!("{rate:.0}"),
        Some(rate) => format!("{rate:.1}"),
    }
}
