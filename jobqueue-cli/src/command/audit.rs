//! `jobqueue audit`: what operators have done.

use anyhow::Result;
use clap::{Args, value_parser};
use jobqueue::{
    audit::{AuditAnswer, AuditEntry},
    event::EventId,
};

use crate::{
    exit::Exit,
    output::{Cell, Column, Hue, Output, Table, grouped},
    session::Session,
};

/// Lists what operators have done, the newest first: who, what, to what, to how many, the answer.
#[derive(Args, Debug)]
pub(crate) struct Audit {
    /// Only what was done to this queue or topic.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,
    /// Only what this one did.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only this, such as `pause`.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what stands before the entry of this id.
    #[arg(long, value_name = "ID")]
    before: Option<EventId>,
    /// At most so many.
    #[arg(long, short = 'n', value_name = "ENTRIES", default_value_t = 50,
          value_parser = value_parser!(u32).range(1..))]
    limit: u32,
}

impl Audit {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let (mut log, out) = (session.client().await?.audit_log(), &session.out);
        if let Some(queue) = &self.queue {
            log = log.queue(queue);
        }
        if let Some(who) = &self.who {
            log = log.who(who);
        }
        if let Some(action) = &self.action {
            log = log.action(action);
        }
        if let Some(before) = &self.before {
            log = log.before(before.to_string());
        }
        let entries = log.newest(self.limit as usize).await?;
        if out.json {
            out.json(&entries)?;
        } else if entries.is_empty() {
            out.remark("Nothing is noted of this.");
        } else {
            out.table(&table(&entries, out))?;
        }
        Ok(Exit::Done)
    }
}

fn table(entries: &[AuditEntry], out: &Output) -> Table {
    let mut table = Table::new([
        Column::text("WHEN"),
        Column::text("WHO"),
        Column::text("ACTION"),
        Column::text("QUEUE"),
        Column::long("ON"),
        Column::number("COUNT"),
        Column::long("ANSWER"),
    ]);
    for entry in entries {
        table.row([
            out.time(entry.at).into(),
            Cell::new(&entry.who),
            Cell::new(&entry.action),
            Cell::new(&entry.queue),
            Cell::new(entry.on.as_deref().unwrap_or_default()),
            entry.count.map(grouped).unwrap_or_default().into(),
            answer(&entry.answer),
        ]);
    }
    table
}

fn answer(answer: &AuditAnswer) -> Cell {
    match answer {
        AuditAnswer::Begun => Cell::new("begun"),
        AuditAnswer::Done => Cell::new("done"),
        AuditAnswer::Failed(error) => Cell::new(format!("✕ {error}")).hue(Hue::Bad),
        AuditAnswer::GivenUp => Cell::new("given up").hue(Hue::Odd),
        _ => Cell::new("?"),
    }
}
