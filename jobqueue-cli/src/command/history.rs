//! `jobqueue history`: what has happened in a queue, point by point.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use jobqueue::stats::{Deploy, Histogram, HistoryPoint, Resolution};

use crate::{
    exit::Exit,
    output::{Cell, Column, Hue, Output, Table, grouped, one_line, rate, span},
    session::Session,
    value::duration,
};

/// Shows what has happened in a queue: rates, failures, waits and runs, depth and lag, point by point
/// and in all.
#[derive(Args, Debug)]
pub(crate) struct History {
    /// The queue.
    queue: String,
    /// Only the jobs of this name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// From so long ago on.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    last: Duration,
    /// How much time a line covers: by default the finest that is kept for so long.
    #[arg(long, value_name = "TIME")]
    each: Option<Each>,
    /// Only the names of jobs that have a history of their own.
    #[arg(long)]
    names: bool,
}

/// How much time a line covers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Each {
    /// Kept for a day.
    #[value(name = "1m")]
    Minute,
    /// Kept for a week.
    #[value(name = "10m")]
    TenMinutes,
    /// Kept for ninety days.
    #[value(name = "1h")]
    Hour,
}

impl From<Each> for Resolution {
    fn from(each: Each) -> Self {
        match each {
            Each::Minute => Self::Minute,
            Each::TenMinutes => Self::TenMinutes,
            Each::Hour => Self::Hour,
        }
    }
}

impl History {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let (queue, out) = (session.known_queue(&self.queue).await?, &session.out);
        let mut read = queue.history().last(self.last);
        if let Some(each) = self.each {
            read = read.resolution(each.into());
        }
        if self.names {
            let names = read.names().await?;
            let lines: Vec<_> = names.names.iter().map(|name| name.to_string()).collect();
            out.answer(&names, lines.join("\n"))?;
            return Ok(Exit::Done);
        }
        if let Some(name) = &self.name {
            read = read.name(name);
        }
        let history = read.await?;
        if out.json {
            out.json(&history)?;
        } else if history.points.is_empty() {
            out.remark(
                "Nothing is known of this time: workers report what has happened, every 5 s.",
            );
        } else {
            out.table(&table(&history.points, &history.total(), out))?;
            for Deploy { at, program, version, .. } in &history.deploys {
                out.say(one_line(&format!("{program} {version} began {}", out.time(*at))))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn table(points: &[HistoryPoint], total: &HistoryPoint, out: &Output) -> Table {
    let mut table = Table::new([
        Column::text("SINCE"),
        Column::number("ADDED"),
        Column::number("DONE"),
        Column::number("FAILED"),
        Column::number("RETRIED"),
        Column::number("OUT/S"),
        Column::number("WAIT P95"),
        Column::number("RUN P95"),
        Column::number("DEPTH"),
        Column::number("LAG"),
    ]);
    for point in points {
        table.row(cells(out.time(point.at), point));
    }
    table.row(cells("all".to_owned(), total));
    table
}

fn cells(since: String, point: &HistoryPoint) -> Vec<Cell> {
    let failed = Cell::new(grouped(point.failed));
    vec![
        since.into(),
        point.added.map(grouped).unwrap_or_default().into(),
        grouped(point.completed).into(),
        if point.failed > 0 { failed.hue(Hue::Bad) } else { failed },
        grouped(point.retried).into(),
        rate(point.per_second(point.completed)).into(),
        p95(&point.wait).into(),
        p95(&point.run).into(),
        point.depth.map(grouped).unwrap_or_default().into(),
        point.lag.map(span).unwrap_or_default().into(),
    ]
}

fn p95(histogram: &Histogram) -> String {
    histogram.quantile(0.95).map(span).unwrap_or_default()
}
