//! `jobqueue limits`: what a queue allows.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use jobqueue::{Rate, manage::Overflow, stats::QueueLimits};

use crate::{
    command::queues::dead_letters_of,
    exit::{Exit, Told},
    output::{Column, Table, grouped, span},
    session::Session,
    value::{Set, duration_or_none, number_or_none, rate_or_none},
};

/// What a queue allows.
#[derive(Debug, Subcommand)]
pub(crate) enum Limits {
    Show(Show),
    Set(Box<Change>),
}

/// Shows the limits of a queue.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// The queue.
    queue: String,
}

/// Sets limits of a queue, for all workers and at once. `none` takes one away.
#[derive(Args, Debug)]
pub(crate) struct Change {
    /// The queue. It is made if it isn't there.
    queue: String,
    /// How many jobs start per time: `50/s`, `100/5m+10` with a burst.
    #[arg(long, value_parser = rate_or_none)]
    rate: Option<Set<Rate>>,
    /// How many jobs are active at once.
    #[arg(long, value_name = "JOBS", value_parser = number_or_none)]
    max_active: Option<Set<u64>>,
    /// How many jobs may wait or be delayed.
    #[arg(long, value_name = "JOBS", value_parser = number_or_none)]
    max_length: Option<Set<u64>>,
    /// What becomes of jobs beyond that.
    #[arg(long)]
    overflow: Option<Beyond>,
    /// The head start that one step of priority is worth.
    #[arg(long, value_name = "TIME", value_parser = duration_or_none)]
    aging: Option<Set<Duration>>,
    /// How many entries of its events are kept, about.
    #[arg(long, value_name = "ENTRIES")]
    events: Option<u64>,
    /// How long a job may wait for its first run.
    #[arg(long, value_name = "TIME", value_parser = duration_or_none)]
    ttl: Option<Set<Duration>>,
    /// Where jobs go that fail for good.
    #[arg(long, value_name = "QUEUE")]
    dead_letter: Option<String>,
    /// The rate is that of the workers' code again.
    #[arg(long, conflicts_with = "rate")]
    rate_from_code: bool,
    /// The limit of active jobs is that of the workers' code again.
    #[arg(long, conflicts_with = "max_active")]
    max_active_from_code: bool,
}

/// What becomes of jobs that a queue has no room for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Beyond {
    /// Their add is refused.
    Refuse,
    /// They go to the dead-letter queue.
    DeadLetter,
    /// The oldest make room.
    DropOldest,
}

impl Limits {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::Show(it) => show(session, &it.queue).await,
            Self::Set(it) => it.run(session).await,
        }
    }
}

impl Change {
    fn changes_nothing(&self) -> bool {
        self.rate.is_none()
            && self.max_active.is_none()
            && self.max_length.is_none()
            && self.overflow.is_none()
            && self.aging.is_none()
            && self.events.is_none()
            && self.ttl.is_none()
            && self.dead_letter.is_none()
            && !self.rate_from_code
            && !self.max_active_from_code
    }

    async fn run(&self, session: &Session) -> Result<Exit> {
        if self.changes_nothing() {
            return Err(Told::usage("say what to set, such as --rate 50/s"));
        }
        let mut set = session.queue(&self.queue).await?.set_limits();
        if let Some(Set(rate)) = self.rate {
            set = set.rate(rate);
        }
        if self.rate_from_code {
            set = set.rate_from_code();
        }
        if let Some(Set(max)) = self.max_active {
            set = set.max_active(max);
        }
        if self.max_active_from_code {
            set = set.max_active_from_code();
        }
        if let Some(Set(max)) = self.max_length {
            set = set.max_length(max);
        }
        if let Some(beyond) = self.overflow {
            set = set.overflow(match beyond {
                Beyond::Refuse => Overflow::Refuse,
                Beyond::DeadLetter => Overflow::DeadLetter,
                Beyond::DropOldest => Overflow::DropOldest,
            });
        }
        if let Some(Set(step)) = self.aging {
            set = set.aging(step);
        }
        if let Some(entries) = self.events {
            set = set.events(entries);
        }
        if let Some(Set(ttl)) = self.ttl {
            set = set.ttl(ttl);
        }
        match self.dead_letter.as_deref() {
            Some("none") => set = set.dead_letter(None),
            Some(queue) => set = set.dead_letter(queue),
            None => {}
        }
        set.await?;
        show(session, &self.queue).await
    }
}

async fn show(session: &Session, name: &str) -> Result<Exit> {
    let queue = session.known_queue(name).await?;
    let limits = queue.limits().await?;
    if session.out.json {
        session.out.json(&limits)?;
        return Ok(Exit::Done);
    }
    session.out.table(&table(&limits))?;
    let mut dead = dead_letters_of(session.client().await?, queue.name()).await?;
    dead.retain(|to| limits.dead_letter.as_ref() != Some(to));
    for to in dead {
        session.out.remark(format_args!("Its workers send dead letters to {to}, by their code."));
    }
    Ok(Exit::Done)
}

fn table(limits: &QueueLimits) -> Table {
    limits_table([
        ("rate", limits.rate.map(rate_text)),
        ("max active", limits.max_active.map(grouped)),
        ("max length", limits.max_length.map(grouped)),
        ("overflow", Some(overflow_text(limits.overflow).to_owned())),
        ("aging", limits.aging.map(span)),
        ("events", limits.events.map(grouped).or_else(|| Some("1,000 (default)".to_owned()))),
        ("ttl", limits.ttl.map(span)),
        ("dead letter", limits.dead_letter.as_ref().map(ToString::to_string)),
    ])
}

/// Limits by their names.
pub(super) fn limits_table<const N: usize>(limits: [(&str, Option<String>); N]) -> Table {
    let mut table = Table::new([Column::text("LIMIT"), Column::text("VALUE")]);
    for (name, value) in limits {
        table.row([name.into(), value.unwrap_or_else(|| "none".to_owned()).into()]);
    }
    table
}

pub(super) fn rate_text(rate: Rate) -> String {
    let per = rate.per();
    let burst = format!(", burst {}", rate.burst_size());
    match per.as_secs_f64() {
        1.0 => format!("{}/s{burst}", rate.max()),
        _ => format!("{} in {}{burst}", rate.max(), span(per)),
    }
}

fn overflow_text(overflow: Overflow) -> &'static str {
    match overflow {
        Overflow::Refuse => "refuse",
        Overflow::DeadLetter => "dead letter",
        Overflow::DropOldest => "drop oldest",
        _ => "another",
    }
}
