//! `/history?queue=`: what has happened in a queue, or to its jobs of one name, over a time.

use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use chrono::{DateTime, TimeDelta, Utc};
use jobqueue::{
    Queue, QueueName,
    stats::{Deploy, Histogram, History, HistoryNames, HistoryPoint},
};
use serde::Serialize;

use super::history_view::{choose, view};
use crate::{
    state::App,
    view::{Page, show},
    web::{Params, Problem, Reply, Visit, queue_name},
};

/// The most columns of a chart, and rows of its table: an hour by the minute begins with a whole one.
const COLUMNS: i32 = 61;

/// How much time columns may cover, in minutes.
const STEPS: [i64; 14] = [1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1_440, 2_160, 2_880];

/// How far back one can look, as it stands in addresses.
pub(super) const RANGES: [(&str, Duration); 4] = [
    ("1h", Duration::from_secs(3_600)),
    ("24h", Duration::from_secs(86_400)),
    ("7d", Duration::from_secs(7 * 86_400)),
    ("90d", Duration::from_secs(90 * 86_400)),
];

/// The range if the address names none.
pub(super) const RANGE: (&str, Duration) = RANGES[1];

pub(super) fn routes() -> Router<App> {
    Router::new().route("/history", get(page))
}

/// What is asked for.
pub(super) struct Asked {
    pub(super) queue: QueueName,
    pub(super) name: Option<String>,
    /// One of [`RANGES`], unless a time is named.
    pub(super) last: Option<&'static str>,
}

/// The page as data.
#[derive(Serialize)]
pub(super) struct Told {
    pub(super) queue: QueueName,
    pub(super) name: Option<String>,
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    /// How much time a point covers, but for the last.
    pub(super) step_ms: i64,
    /// The names of jobs that have a history of their own.
    pub(super) names: HistoryNames,
    pub(super) total: Column,
    pub(super) points: Vec<Column>,
    pub(super) deploys: Vec<Deploy>,
}

/// What has happened in a part of the time.
#[derive(Serialize)]
pub(super) struct Column {
    pub(super) at: DateTime<Utc>,
    pub(super) over_ms: u64,
    pub(super) added: Option<u64>,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) cancelled: u64,
    pub(super) retried: u64,
    pub(super) wait: Quantiles,
    pub(super) run: Quantiles,
    pub(super) depth: Option<u64>,
    pub(super) lag_ms: Option<f64>,
}

/// Of how long something took; of nothing there are none.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Quantiles {
    pub(super) p50_ms: Option<f64>,
    pub(super) p95_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let Some(queue) = params.text("queue")? else {
        let queues = app.readings.queues().await?;
        let names = queues.into_iter().map(|entry| entry.name);
        let names: Vec<QueueName> = names.filter(|name| visit.sees(name.as_str())).collect();
        return show(&visit, Page::new("History", "/history", choose(None, &names)), &names);
    };
    let (name, job) = (queue_name(queue)?, params.text("name")?.map(str::to_owned));
    let queue = visit.queue(&name).await?;
    let span = Span::of(&params)?;
    let last = match span {
        Span::Last(last, _) => Some(last),
        Span::Between(..) => None,
    };
    let asked = Asked { queue: name, name: job, last };
    let told = read(&queue, &asked, span).await?;
    let title = format!("History of {}", asked.queue);
    show(&visit, Page::new(&title, "/history", view(&visit, &asked, &told)), &told)
}

/// From when to when.
#[derive(Clone, Copy)]
enum Span {
    Last(&'static str, Duration),
    Between(DateTime<Utc>, DateTime<Utc>),
}

impl Span {
    fn of(params: &Params) -> Result<Self, Problem> {
        match (time(params, "from")?, time(params, "to")?) {
            (Some(from), to) => {
                let to = to.unwrap_or_else(Utc::now);
                if from >= to {
                    return Err(Problem::bad_request("`from` has to be before `to`."));
                }
                Ok(Self::Between(from, to))
            }
            (None, Some(_)) => Err(Problem::bad_request("`from` is missing.")),
            (None, None) => {
                let (last, time) = match params.text("last")? {
                    None => RANGE,
                    Some(text) => {
                        let known = RANGES.into_iter().find(|(name, _)| *name == text);
                        known.ok_or_else(|| {
                            Problem::bad_request("`last` is `1h`, `24h`, `7d` or `90d`.")
                        })?
                    }
                };
                Ok(Self::Last(last, time))
            }
        }
    }
}

fn time(params: &Params, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = params.text(name)? else { return Ok(None) };
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(_) => Err(Problem::bad_request(format!(
            "`{name}` has to be a time such as 2026-11-28T14:00:00Z."
        ))),
    }
}

/// Three calls, whatever the queue has.
async fn read(queue: &Queue, asked: &Asked, span: Span) -> Result<Told, Problem> {
    let mut history = queue.history();
    let names = history.names().await?;
    history = match span {
        Span::Last(_, time) => history.last(time),
        Span::Between(from, to) => history.from(from).to(to),
    };
    if let Some(name) = &asked.name {
        history = history.name(name);
    }
    let history = history.await?;
    let step = step(&history);
    Ok(Told {
        queue: asked.queue.clone(),
        name: asked.name.clone(),
        from: history.from,
        to: history.to,
        step_ms: step.num_milliseconds(),
        names,
        total: Column::of(&history.total()),
        points: columns(&history, step),
        deploys: history.deploys,
    })
}

/// How much time a column covers: the least that makes few enough columns.
fn step(history: &History) -> TimeDelta {
    let point = TimeDelta::from_std(history.resolution.over()).unwrap_or(TimeDelta::hours(1));
    let whole = history.to - history.from;
    let fits = |step: &TimeDelta| *step >= point && whole <= *step * COLUMNS;
    STEPS.into_iter().map(TimeDelta::minutes).find(fits).unwrap_or(TimeDelta::days(2))
}

fn columns(history: &History, step: TimeDelta) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut at = history.from;
    while at < history.to {
        columns.push(Column::of(&history.between(at, at + step)));
        at += step;
    }
    columns
}

impl Column {
    fn of(point: &HistoryPoint) -> Self {
        Self {
            at: point.at,
            over_ms: u64::try_from(point.over.as_millis()).unwrap_or(u64::MAX),
            added: point.added,
            completed: point.completed,
            failed: point.failed,
            cancelled: point.cancelled,
            retried: point.retried,
            wait: Quantiles::of(&point.wait),
            run: Quantiles::of(&point.run),
            depth: point.depth,
            lag_ms: point.lag.map(|lag| lag.as_secs_f64() * 1e3),
        }
    }

    /// How many that is a second.
    pub(super) fn rate(&self, count: u64) -> f64 {
        if self.over_ms > 0 { count as f64 * 1e3 / self.over_ms as f64 } else { 0.0 }
    }
}

impl Quantiles {
    fn of(histogram: &Histogram) -> Self {
        let at = |share| histogram.quantile(share).map(|time| time.as_secs_f64() * 1e3);
        Self { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) }
    }
}
