//! `jobqueue stats`: one queue, once or again and again.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jobqueue::{
    JobState, Queue,
    stats::{Histogram, QueueStats, Rates},
    types::Utc,
};
use serde::Serialize;
use tokio::time::sleep;

use crate::{
    exit::Exit,
    output::{Cell, Column, Table, grouped, rate, span},
    session::Session,
    value::duration,
};

/// How long rates are measured where nothing says another.
const OVER: Duration = Duration::from_secs(1);

/// Shows a queue: its jobs by state, its rates, its lag, its workers, and how long jobs wait and run.
#[derive(Args, Debug)]
pub(crate) struct Stats {
    /// The queue.
    queue: String,
    /// Shows a line again and again, this far apart: 2 s if no time is given.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "2s",
          value_parser = duration)]
    watch: Option<Duration>,
    /// Ends after so many lines.
    #[arg(long, value_name = "LINES", requires = "watch")]
    times: Option<u64>,
}

#[derive(Debug, Serialize)]
struct StatsView {
    stats: QueueStats,
    rates: Rates,
}

impl Stats {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let queue = session.known_queue(&self.queue).await?;
        match self.watch {
            Some(period) => self.watch(session, &queue, period).await?,
            None => show(session, &view(&queue, &queue.stats().await?, OVER).await?)?,
        }
        Ok(Exit::Done)
    }

    async fn watch(&self, session: &Session, queue: &Queue, period: Duration) -> Result<()> {
        let mut earlier = queue.stats().await?;
        let mut left = self.times.unwrap_or(u64::MAX);
        if !session.out.json {
            session.out.say(TITLES)?;
        }
        while left > 0 {
            let view = view(queue, &earlier, period).await?;
            if session.out.json {
                session.out.json(&view)?;
            } else {
                session.out.say(line(&view))?;
            }
            earlier = view.stats;
            left -= 1;
        }
        Ok(())
    }
}

async fn view(queue: &Queue, earlier: &QueueStats, over: Duration) -> Result<StatsView> {
    sleep(over).await;
    let stats = queue.stats().await?;
    let rates = stats.since(earlier);
    Ok(StatsView { stats, rates })
}

const TITLES: &str =
    "TIME         READY   DELAYED    ACTIVE    FAILED    IN/S   OUT/S  FAILED/S       LAG  WORKERS";

fn line(StatsView { stats, rates }: &StatsView) -> String {
    let counts = &stats.counts;
    format!(
        "{}  {:>8}  {:>8}  {:>8}  {:>8}  {:>6}  {:>6}  {:>8}  {:>8}  {:>7}",
        Utc::now().format("%H:%M:%SZ"),
        grouped(counts.waiting),
        grouped(counts.delayed),
        grouped(counts.active),
        grouped(counts.failed),
        rate(rates.added),
        rate(rates.completed),
        rate(rates.failed),
        span(stats.lag()),
        stats.workers_alive(),
    )
}

fn show(session: &Session, view: &StatsView) -> Result<()> {
    let (out, StatsView { stats, rates }) = (&session.out, view);
    if out.json {
        return out.json(view);
    }
    let paused = if stats.counts.paused { "  ‖ paused" } else { "" };
    out.say(format_args!("{}{paused}", stats.queue))?;
    let mut table = Table::new([Column::text("STATE"), Column::number("JOBS")]);
    for state in JobState::ALL {
        let hue = crate::output::Hue::of(state);
        let name = Cell::new(format!("{} {state}", crate::output::glyph(state))).hue(hue);
        table.row([name, grouped(stats.counts.of(state)).into()]);
    }
    out.table(&table)?;
    let said = |name: &str, text: String| out.say(format_args!("{name:<10} {text}"));
    said(
        "rates",
        format!(
            "{}/s in, {}/s done, {}/s failed, {}/s retried",
            rate(rates.added),
            rate(rates.completed),
            rate(rates.failed),
            rate(rates.retried)
        ),
    )?;
    said("lag", span(stats.lag()))?;
    said("workers", stats.workers_alive().to_string())?;
    if let Some(due) = stats.due_in() {
        said("next due", format!("in {}", span(due)))?;
    }
    if let Some(time) = stats.throttled_for {
        said("throttled", format!("for {}", span(time)))?;
    }
    if let Some(age) = stats.oldest_effect {
        said(
            "effects",
            format!("{} on their way, the oldest {}", stats.counts.effects, span(age)),
        )?;
    }
    said("waits", quantiles(&stats.wait))?;
    said("runs", quantiles(&stats.run))
}

fn quantiles(times: &Histogram) -> String {
    let at = |share| times.quantile(share).map_or_else(|| "–".to_owned(), span);
    let count = grouped(times.count());
    format!("p50 {}, p95 {}, p99 {}, of {count}", at(0.5), at(0.95), at(0.99))
}
