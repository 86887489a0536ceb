//! How the history of a queue looks: charts, and a table with all that they show.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use jobqueue::QueueName;
use maud::{Markup, html};

use super::history::{Asked, Column, Quantiles, RANGES, Told};
use crate::{
    view::{Axis, Chart, Mark, Series, Unit, ago, number, took},
    web::{Visit, encode},
};

/// How many parts of the time are links.
const PARTS: i32 = 12;

/// The least time that is shown.
const SHORTEST: TimeDelta = TimeDelta::minutes(10);

/// How many queues are suggested.
const SUGGESTED: usize = 1_000;

/// The queue, in a form; of these, if none is chosen yet.
pub(super) fn choose(chosen: Option<&QueueName>, names: &[QueueName]) -> Markup {
    html! {
        @if chosen.is_none() { h1 { "History" } }
        form.filter method="get" {
            label {
                "Queue "
                input type="text" name="queue" list="queues" maxlength="128" required
                    value=[chosen.map(ToString::to_string)];
            }
            datalist #queues {
                @for name in names.iter().take(SUGGESTED) { option value=(name) {} }
            }
            button type="submit" { "Show" }
        }
        @if chosen.is_none() {
            p.empty {
                @if names.is_empty() { "No queue yet: what happens in one is kept for 90 days." }
                @else { "Choose a queue. What has happened in it is kept for 90 days." }
            }
        }
    }
}

/// The address of a time.
struct Address<'a>(&'a Asked);

impl Address<'_> {
    fn base(&self, name: Option<&str>) -> String {
        let mut address = format!("?queue={}", encode(self.0.queue.as_str()));
        if let Some(name) = name {
            address.push_str(&format!("&name={}", encode(name)));
        }
        address
    }

    fn last(&self, range: &str) -> String {
        format!("{}&last={range}", self.base(self.0.name.as_deref()))
    }

    fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let text = |time: DateTime<Utc>| encode(&time.to_rfc3339_opts(SecondsFormat::Secs, true));
        let base = self.base(self.0.name.as_deref());
        format!("{base}&from={}&to={}", text(from), text(to))
    }

    /// The time around this, no shorter than can be shown.
    fn closer(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let more = (SHORTEST - (to - from)).max(TimeDelta::zero()) / 2;
        self.between(from - more, to + more)
    }
}

pub(super) fn view(visit: &Visit, asked: &Asked, told: &Told) -> Markup {
    let address = Address(asked);
    html! {
        div.title {
            h1 { "History of " a href=(visit.at_queue(asked.queue.as_str())) data-up { (asked.queue) } }
        }
        (ranges(&address, asked, told))
        (names(&address, asked, told))
        @if told.points.iter().all(is_empty) {
            p.empty {
                "Nothing is known of this time. Workers report what has happened every five seconds, and it is kept for 90 days."
            }
        }
        @else {
            (facts(&told.total))
            @let axis = axis(&address, told);
            div.charts { @for chart in charts(told) { (chart.show(&axis)) } }
            @if !told.deploys.is_empty() { (deploys(told)) }
            h2 { "In numbers" }
            (table(&address, told))
        }
    }
}

fn is_empty(column: &Column) -> bool {
    let Column { added, completed, failed, cancelled, retried, depth, .. } = column;
    added.unwrap_or(0) + completed + failed + cancelled + retried == 0 && depth.is_none()
}

/// How far back, and the times beside this one.
fn ranges(address: &Address<'_>, asked: &Asked, told: &Told) -> Markup {
    let whole = told.to - told.from;
    let half = whole / 2;
    html! {
        nav.ranges aria-label="Time" {
            @for (range, _) in RANGES {
                a href=(address.last(range))
                    aria-current=[(asked.last == Some(range)).then_some("true")] { (range) }
            }
            a data-page="[" rel="prev" href=(address.between(told.from - whole, told.from)) { "Earlier" }
            @if told.to + half < Utc::now() {
                a data-page="]" rel="next" href=(address.between(told.to, told.to + whole)) { "Later" }
            }
            a href=(address.between(told.from - half, told.to + half)) { "Wider" }
            a href=(address.closer(told.from + whole / 4, told.to - whole / 4)) { "Closer" }
            span.quiet {
                (told.from.format("%Y-%m-%d %H:%M")) " to " (told.to.format("%Y-%m-%d %H:%M")) " UTC"
            }
        }
    }
}

fn names(address: &Address<'_>, asked: &Asked, told: &Told) -> Markup {
    html! {
        @if !told.names.names.is_empty() {
            form.filter method="get" {
                input type="hidden" name="queue" value=(asked.queue);
                @if let Some(last) = asked.last { input type="hidden" name="last" value=(last); }
                @else {
                    input type="hidden" name="from" value=(told.from.to_rfc3339());
                    input type="hidden" name="to" value=(told.to.to_rfc3339());
                }
                label {
                    "Jobs "
                    select name="name" {
                        option value="" { "all" }
                        @for name in &told.names.names {
                            option value=(name)
                                selected[asked.name.as_deref() == Some(name.as_str())] { (name) }
                        }
                    }
                }
                button type="submit" { "Show" }
                @if asked.name.is_some() { a href=(address.base(None)) { "All jobs" } }
            }
        }
    }
}

fn facts(total: &Column) -> Markup {
    html! {
        p.facts {
            @if let Some(added) = total.added { (number(added)) " added · " }
            (number(total.completed)) " completed · " (number(total.failed)) " failed · "
            (number(total.retried)) " retried"
            @if let Some(ms) = total.wait.p95_ms { " · 95 of 100 waited " (span(ms)) " at most" }
            @if let Some(ms) = total.run.p95_ms { " · 95 of 100 ran " (span(ms)) " at most" }
        }
    }
}

fn span(ms: f64) -> String {
    took(Duration::try_from_secs_f64(ms / 1e3).unwrap_or_default())
}

/// The columns end after the time does, if it isn't a multiple of theirs.
fn axis(address: &Address<'_>, told: &Told) -> Axis {
    let columns = i32::try_from(told.points.len()).unwrap_or(i32::MAX);
    let to = told.from + TimeDelta::milliseconds(told.step_ms) * columns;
    let part = (to - told.from) / PARTS;
    let parts =
        (0..PARTS).map(|n| address.closer(told.from + part * n, told.from + part * (n + 1)));
    let marks = told.deploys.iter().map(|deploy| Mark {
        at: deploy.at,
        words: format!("{} {} began", deploy.program, deploy.version),
    });
    Axis { from: told.from, to, marks: marks.collect(), parts: parts.collect() }
}

fn charts(told: &Told) -> Vec<Chart> {
    let each = |value: &dyn Fn(&Column) -> Option<f64>| told.points.iter().map(value).collect();
    let series = |words, class, value: &dyn Fn(&Column) -> Option<f64>| Series {
        words,
        class,
        values: each(value),
    };
    let mut rates = vec![
        series("completed", "st-completed", &|it| Some(it.rate(it.completed))),
        series("failed", "st-failed dashed", &|it| Some(it.rate(it.failed))),
    ];
    // Of one name it isn't counted.
    if told.total.added.is_some() {
        rates.insert(0, series("added", "st-waiting dotted", &|it| it.added.map(|n| it.rate(n))));
    }
    let quantiles = |of: fn(&Column) -> Quantiles| {
        let seconds = |ms: Option<f64>| ms.map(|ms| ms / 1e3);
        vec![
            series("p50", "st-completed", &|it| seconds(of(it).p50_ms)),
            series("p95", "st-active dashed", &|it| seconds(of(it).p95_ms)),
            series("p99", "st-failed dotted", &|it| seconds(of(it).p99_ms)),
        ]
    };
    let mut charts = vec![
        Chart { title: "Jobs", unit: Unit::PerSecond, series: rates },
        Chart { title: "Waited", unit: Unit::Seconds, series: quantiles(|it| it.wait) },
        Chart { title: "Ran", unit: Unit::Seconds, series: quantiles(|it| it.run) },
    ];
    if told.name.is_none() {
        let depth = series("waiting, at most", "st-waiting", &|it| it.depth.map(|it| it as f64));
        let lag = series("lag, at most", "st-blocked", &|it| it.lag_ms.map(|ms| ms / 1e3));
        charts.push(Chart { title: "Depth", unit: Unit::Count, series: vec![depth] });
        charts.push(Chart { title: "Lag", unit: Unit::Seconds, series: vec![lag] });
    }
    charts
}

fn deploys(told: &Told) -> Markup {
    html! {
        h2 { "Versions that began" }
        ul.plain {
            @for deploy in &told.deploys {
                li { "▾ " (deploy.program) " " (deploy.version) " " (ago(deploy.at)) }
            }
        }
    }
}

const TITLES: [&str; 9] = [
    "Added",
    "Completed",
    "Failed",
    "Retried",
    "Wait p50",
    "Wait p95",
    "Run p50",
    "Run p95",
    "Depth",
];

fn table(address: &Address<'_>, told: &Told) -> Markup {
    let step = TimeDelta::milliseconds(told.step_ms);
    let ms = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), span);
    let count = |count: Option<u64>| count.map_or_else(|| "–".to_owned(), number);
    html! {
        table.rows {
            thead { tr {
                th scope="col" { "From (UTC)" }
                @for title in TITLES { th.num scope="col" { (title) } }
                th.num scope="col" { "Lag" }
            } }
            tbody { @for point in told.points.iter().rev() { tr data-row {
                th scope="row" {
                    a data-open href=(address.closer(point.at, point.at + step)) {
                        (point.at.format("%d %b %H:%M"))
                    }
                }
                td.num data-label="added" { (count(point.added)) }
                td.num data-label="completed" { (number(point.completed)) }
                td.num data-label="failed" { (number(point.failed)) }
                td.num data-label="retried" { (number(point.retried)) }
                td.num data-label="wait p50" { (ms(point.wait.p50_ms)) }
                td.num data-label="wait p95" { (ms(point.wait.p95_ms)) }
                td.num data-label="run p50" { (ms(point.run.p50_ms)) }
                td.num data-label="run p95" { (ms(point.run.p95_ms)) }
                td.num data-label="depth" { (count(point.depth)) }
                td.num data-label="lag" { (ms(point.lag_ms)) }
            } } }
        }
    }
}
