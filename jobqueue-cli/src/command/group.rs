//! `jobqueue group`: what one group may have at once, and per time.

use anyhow::Result;
use clap::{Args, ValueEnum};
use jobqueue::{
    Rate,
    manage::{AfterFailure, GroupLimits, Groups},
};
use serde_json::json;

use super::limits::{limits_table, rate_text};
use crate::{
    exit::Exit,
    output::{Table, grouped},
    session::Session,
    value::{Set, number_or_none, rate_or_none},
};

/// The name that stands for all groups that don't say otherwise.
const ALL: &str = "*";

/// Shows what a group may have, or sets it. `none` takes a limit away.
#[derive(Args, Debug)]
pub(crate) struct Group {
    /// The queue.
    queue: String,
    /// The group; `*` for all that have no such limit of their own.
    group: String,
    /// How many of its jobs are active at once.
    #[arg(long, value_name = "JOBS", value_parser = number_or_none)]
    max_active: Option<Set<u64>>,
    /// How many of its jobs start per time: `50/s`, `100/5m+10` with a burst.
    #[arg(long, value_parser = rate_or_none)]
    rate: Option<Set<Rate>>,
    /// Whether its jobs run one by one and in order, and what it does when one fails for good.
    #[arg(long, value_name = "WHAT")]
    in_order: Option<Order>,
    #[command(flatten)]
    start: Start,
    /// Forgets what was set for it before.
    #[arg(long)]
    forget: bool,
    /// It goes on that has stopped, since one of its jobs has failed for good.
    #[arg(long)]
    go_on: bool,
}

/// Whether its jobs start.
#[derive(Args, Debug)]
struct Start {
    /// None of its jobs starts.
    #[arg(long, conflicts_with = "resume")]
    pause: bool,
    /// They start again.
    #[arg(long)]
    resume: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Order {
    /// Its next job is next.
    GoOn,
    /// It stops.
    Stop,
    /// In no order.
    None,
}

impl Group {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let groups = session.known_queue(&self.queue).await?.groups();
        self.set(&groups).await?;
        if self.go_on && !groups.go_on(&self.group).await? {
            session.out.remark("It had not stopped.");
        }
        self.show(session, &groups).await
    }

    async fn set(&self, groups: &Groups) -> jobqueue::Result<()> {
        let change = || match self.group.as_str() {
            ALL => groups.set_limits_of_all(),
            group => groups.set_limits(group),
        };
        if self.forget {
            change().forget().await?;
        }
        let mut set = change();
        if let Some(Set(max)) = self.max_active {
            set = set.max_active(max);
        }
        if let Some(Set(rate)) = self.rate {
            set = set.rate(rate);
        }
        if let Some(order) = self.in_order {
            set = set.in_order(match order {
                Order::GoOn => Some(AfterFailure::GoOn),
                Order::Stop => Some(AfterFailure::Stop),
                Order::None => None,
            });
        }
        if self.start.pause {
            set = set.pause();
        } else if self.start.resume {
            set = set.resume();
        }
        if set.is_empty() { Ok(()) } else { set.await }
    }

    async fn show(&self, session: &Session, groups: &Groups) -> Result<Exit> {
        let limits = match self.group.as_str() {
            ALL => groups.limits_of_all().await?,
            group => groups.limits(group).await?,
        };
        if session.out.json {
            let value = json!({"queue": self.queue, "group": self.group, "limits": limits});
            session.out.json(&value)?;
        } else {
            session.out.table(&table(&limits))?;
        }
        Ok(Exit::Done)
    }
}

fn table(limits: &GroupLimits) -> Table {
    let after = limits.in_order.map(|after| match after {
        AfterFailure::Stop => "stops after a failure".to_owned(),
        _ => "goes on after a failure".to_owned(),
    });
    limits_table([
        ("paused", Some(if limits.paused { "yes" } else { "no" }.to_owned())),
        ("max active", limits.max_active.map(grouped)),
        ("rate", limits.rate.map(rate_text)),
        ("in order", after),
    ])
}
