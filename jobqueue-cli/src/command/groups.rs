//! `jobqueue groups`: among whom a queue is shared, and how many turns each has.

use anyhow::Result;
use clap::Args;
use jobqueue::{
    Queue,
    manage::{GroupInfo, HeldGroup, WhyHeld},
};
use serde_json::json;

use crate::{
    exit::Exit,
    output::{Cell, Column, Table},
    session::Session,
};

/// Lists the groups of a queue with the most jobs that wait, or sets the weight of one.
#[derive(Args, Debug)]
pub(crate) struct Groups {
    /// The queue.
    queue: String,
    /// How many at most.
    #[arg(short, long, value_name = "COUNT", default_value_t = 20)]
    number: usize,
    /// Those of which no job may start now, and why.
    #[arg(long, conflicts_with = "weight")]
    held: bool,
    /// The group whose weight is set; `-` for all jobs without one.
    #[arg(long, requires = "weight")]
    group: Option<String>,
    /// How many turns it has for one of others, 1 to 1,000.
    #[arg(long, value_name = "NUMBER", requires = "group")]
    weight: Option<u32>,
}

impl Groups {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let queue = session.known_queue(&self.queue).await?;
        if let (Some(group), Some(weight)) = (&self.group, self.weight) {
            return self.weigh(session, &queue, group, weight).await;
        }
        if self.held {
            return self.held(session, &queue).await;
        }
        let groups = queue.groups().longest(self.number).await?;
        let out = &session.out;
        if out.json {
            out.json(&groups)?;
        } else if groups.is_empty() {
            out.remark("No job waits.");
        } else {
            out.table(&table(&groups))?;
        }
        Ok(Exit::Done)
    }

    async fn held(&self, session: &Session, queue: &Queue) -> Result<Exit> {
        let groups = queue.groups().held(self.number).await?;
        let out = &session.out;
        if out.json {
            out.json(&groups)?;
        } else if groups.is_empty() {
            out.remark("No group is held.");
        } else {
            out.table(&table_of_held(&groups))?;
        }
        Ok(Exit::Done)
    }

    async fn weigh(
        &self,
        session: &Session,
        queue: &Queue,
        group: &str,
        weight: u32,
    ) -> Result<Exit> {
        match group {
            "-" => queue.groups().set_weight_of_others(weight).await?,
            group => queue.groups().set_weight(group, weight).await?,
        }
        let value = json!({"queue": self.queue, "group": group, "weight": weight});
        session.out.answer(&value, format_args!("{group} has {weight} turns for one of others"))?;
        Ok(Exit::Done)
    }
}

fn table(groups: &[GroupInfo]) -> Table {
    let mut table =
        Table::new([Column::text("GROUP"), Column::number("WAITING"), Column::number("WEIGHT")]);
    for group in groups {
        table.row([
            Cell::new(group.name.as_deref().unwrap_or("-")),
            group.waiting.to_string().into(),
            group.weight.to_string().into(),
        ]);
    }
    table
}

fn table_of_held(groups: &[HeldGroup]) -> Table {
    let mut table =
        Table::new([Column::text("GROUP"), Column::number("WAITING"), Column::text("WHY")]);
    for group in groups {
        let why = match &group.why {
            WhyHeld::Paused => "it is paused".to_owned(),
            WhyHeld::Full { by: Some(by) } => format!("it has no room: {by}"),
            WhyHeld::Full { by: None } => "it has no room".to_owned(),
            WhyHeld::Until(time) => format!("until {}", time.to_rfc3339()),
            _ => "of another reason".to_owned(),
        };
        table.row([
            Cell::new(group.name.as_str()),
            group.waiting.to_string().into(),
            why.as_str().into(),
        ]);
    }
    table
}
