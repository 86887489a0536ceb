//! `jobqueue queues`: all queues, and what is wrong with them.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use anyhow::Result;
use clap::Args;
use jobqueue::{
    Client, QueueName,
    manage::QueueEntry,
    stats::{QueueGlance, Rates},
};
use serde::Serialize;
use tokio::time::sleep;

use crate::{
    exit::Exit,
    output::{Cell, Column, Hue, Table, grouped, rate, span},
    session::Session,
    value::duration,
};

/// Lists the queues that exist, with what waits in them and how fast they are.
#[derive(Args, Debug)]
pub(crate) struct Queues {
    /// How long to watch for rates; `0s` for none.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    over: Duration,
}

/// A queue as this program shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct QueueView {
    #[serde(flatten)]
    pub(crate) entry: QueueEntry,
    pub(crate) glance: QueueGlance,
    /// None if it wasn't watched.
    pub(crate) rates: Option<Rates>,
    /// How many dead letters wait in its dead-letter queue, of all that it takes.
    pub(crate) dead_letters: Option<u64>,
}

impl Queues {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let (client, out) = (session.client().await?, &session.out);
        let mut views = read(client).await?;
        if !self.over.is_zero() && !views.is_empty() {
            sleep(self.over).await;
            views = since(&views, read(client).await?);
        }
        if out.json {
            out.json(&views)?;
        } else if views.is_empty() {
            out.remark(
                "No queue yet. Add a job: jobqueue add emails send '{\"to\":\"a@example.org\"}'",
            );
        } else {
            out.table(&table(&views))?;
        }
        Ok(Exit::Done)
    }
}

/// All queues, as they are now.
pub(crate) async fn read(client: &Client) -> jobqueue::Result<Vec<QueueView>> {
    let entries = client.queues().all().await?;
    let names: Vec<_> = entries.iter().map(|entry| entry.name.clone()).collect();
    let glances = client.glance(&names).await?.into_iter();
    let mut glances: HashMap<_, _> = glances.map(|it| (it.queue.clone(), it)).collect();
    let waiting: HashMap<_, _> =
        glances.iter().map(|(name, it)| (name.clone(), it.waiting)).collect();
    let letters_of = dead_letter_queues(&entries);
    let view = |entry: QueueEntry| {
        // It may have been obliterated since it was listed.
        let glance = glances.remove(&entry.name)?;
        let dead = letters_of.get(&entry.name).into_iter().flatten();
        let dead_letters = dead.map(|to| waiting.get(to).copied().unwrap_or(0));
        let dead_letters = dead_letters.reduce(|sum, letters| sum + letters);
        Some(QueueView { entry, glance, rates: None, dead_letters })
    };
    Ok(entries.into_iter().filter_map(view).collect())
}

/// Where the dead letters of each queue go: what its limits say, and what its workers have said.
pub(crate) fn dead_letter_queues<'a>(
    entries: impl IntoIterator<Item = &'a QueueEntry>,
) -> HashMap<QueueName, BTreeSet<QueueName>> {
    let mut all: HashMap<QueueName, BTreeSet<QueueName>> = HashMap::new();
    for entry in entries {
        for of in &entry.dead_letters_of {
            all.entry(of.clone()).or_default().insert(entry.name.clone());
        }
        if let Some(to) = &entry.dead_letter {
            all.entry(entry.name.clone()).or_default().insert(to.clone());
        }
    }
    all
}

/// The same of one queue.
pub(crate) async fn dead_letters_of(
    client: &Client,
    queue: &QueueName,
) -> jobqueue::Result<BTreeSet<QueueName>> {
    let entries = client.queues().all().await?;
    Ok(dead_letter_queues(&entries).remove(queue).unwrap_or_default())
}

/// The later ones, with their rates since the earlier ones.
pub(crate) fn since(earlier: &[QueueView], later: Vec<QueueView>) -> Vec<QueueView> {
    let before: HashMap<_, _> = earlier.iter().map(|it| (&it.entry.name, &it.glance)).collect();
    let with_rates = |mut view: QueueView| {
        view.rates = before.get(&view.entry.name).map(|glance| view.glance.since(glance));
        view
    };
    later.into_iter().map(with_rates).collect()
}

impl QueueView {
    pub(crate) fn ready(&self) -> u64 {
        self.glance.waiting
    }

    /// How long what should run has waited; none of dead letters, which nobody is to run.
    pub(crate) fn lag(&self) -> Option<Duration> {
        (!self.entry.is_dead_letter()).then(|| self.glance.lag())
    }

    /// Jobs wait, and nobody is there to run them.
    pub(crate) fn lacks_workers(&self) -> bool {
        self.ready() > 0
            && self.glance.workers_alive == 0
            && !self.entry.paused
            && !self.entry.is_dead_letter()
    }

    /// What whoever looks should know.
    pub(crate) fn note(&self) -> (Hue, String) {
        if self.lacks_workers() {
            return (Hue::Bad, "! no worker".to_owned());
        }
        if self.entry.paused {
            return (Hue::Odd, "‖ paused".to_owned());
        }
        if let Some(time) = self.glance.throttled_for {
            return (Hue::Odd, format!("⧗ throttled for {}", span(time)));
        }
        if self.entry.is_dead_letter() {
            let of: Vec<&str> =
                self.entry.dead_letters_of.iter().map(jobqueue::QueueName::as_str).collect();
            return (Hue::Dim, format!("⊠ letters of {}", of.join(", ")));
        }
        (Hue::Plain, String::new())
    }
}

fn table(views: &[QueueView]) -> Table {
    let is_watched = views.iter().any(|view| view.rates.is_some());
    let mut columns = vec![
        Column::text("QUEUE"),
        Column::number("READY"),
        Column::number("DELAYED"),
        Column::number("ACTIVE"),
        Column::number("FAILED"),
        Column::number("DEAD"),
        Column::number("LAG"),
    ];
    if is_watched {
        columns.push(Column::number("OUT/S"));
    }
    columns.extend([Column::number("WORKERS"), Column::long("")]);
    let mut table = Table::new(columns);
    for view in views {
        let glance = &view.glance;
        let mut row = vec![
            Cell::new(&view.entry.name),
            grouped(glance.waiting).into(),
            grouped(glance.delayed).into(),
            grouped(glance.active).into(),
            count_of_bad(glance.failed),
            count_of_bad(view.dead_letters.unwrap_or(0)),
            view.lag().map_or_else(|| "–".to_owned(), span).into(),
        ];
        if is_watched {
            let out = view.rates.map(|rates| rate(rates.completed + rates.failed));
            row.push(out.unwrap_or_default().into());
        }
        let (hue, note) = view.note();
        row.extend([grouped(glance.workers_alive).into(), Cell::new(note).hue(hue)]);
        table.row(row);
    }
    table
}

fn count_of_bad(count: u64) -> Cell {
    Cell::new(grouped(count)).hue(if count > 0 { Hue::Bad } else { Hue::Plain })
}
