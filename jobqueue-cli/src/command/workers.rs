//! `jobqueue workers`: who works, and on what.

use anyhow::Result;
use clap::Args;
use jobqueue::manage::{WorkerInfo, WorkerState};

use super::job_lines::runs_for;
use crate::{
    exit::Exit,
    output::{Cell, Column, Hue, Output, Table},
    session::Session,
};

/// Lists the workers of all queues, or of one: their processes, what they run, and whether they live.
#[derive(Args, Debug)]
pub(crate) struct Workers {
    /// Only those of this queue.
    queue: Option<String>,
}

impl Workers {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let workers = match &self.queue {
            Some(name) => session.known_queue(name).await?.workers().await?,
            None => session.client().await?.workers().await?,
        };
        let out = &session.out;
        if out.json {
            out.json(&workers)?;
        } else if workers.is_empty() {
            out.remark("No worker. Jobs wait until one starts.");
        } else {
            out.table(&table(&workers, out))?;
        }
        Ok(Exit::Done)
    }
}

fn table(workers: &[WorkerInfo], out: &Output) -> Table {
    let mut table = Table::new([
        Column::id("WORKER"),
        Column::text("PROCESS"),
        Column::text("PROGRAM"),
        Column::text("QUEUE"),
        Column::text("STATE"),
        Column::number("SLOTS"),
        Column::text("SINCE"),
        Column::text("SEEN"),
        Column::long("RUNNING"),
    ]);
    for worker in workers {
        let (hue, state) = state(worker);
        table.row([
            worker.id.to_string().into(),
            place(worker).into(),
            program(worker).into(),
            Cell::new(&worker.queue),
            Cell::new(state).hue(hue),
            slots(worker).into(),
            out.maybe_time(worker.since).into(),
            out.maybe_time(worker.last_seen).into(),
            running(worker).into(),
        ]);
    }
    table
}

/// `host:pid`, or its id if it doesn't say.
pub(crate) fn place(worker: &WorkerInfo) -> String {
    let process = worker.process.as_ref();
    process.map_or_else(|| worker.id.to_string(), |it| format!("{}:{}", it.host, it.pid))
}

fn program(worker: &WorkerInfo) -> String {
    let process = worker.process.as_ref();
    process.map(|it| format!("{} {}", it.program, it.version)).unwrap_or_default()
}

/// What it does, or that it is gone.
pub(crate) fn state(worker: &WorkerInfo) -> (Hue, &'static str) {
    if !worker.alive {
        return (Hue::Bad, "! gone");
    }
    match worker.state {
        Some(WorkerState::Working) => (Hue::Good, "▶ works"),
        Some(WorkerState::Paused) => (Hue::Odd, "‖ paused"),
        Some(WorkerState::Draining) => (Hue::Later, "◔ drains"),
        _ => (Hue::Plain, ""),
    }
}

/// Busy ones, of how many.
pub(crate) fn slots(worker: &WorkerInfo) -> String {
    let slots = worker.slots.map(|slots| format!("/{slots}")).unwrap_or_default();
    format!("{}{slots}", worker.held)
}

/// What it runs, the longest first.
pub(crate) fn running(worker: &WorkerInfo) -> String {
    let mut jobs: Vec<_> = worker.running.iter().collect();
    jobs.sort_by_key(|job| job.started_at);
    let told = jobs.iter().map(|job| format!("{} {}", job.record.name, runs_for(job)));
    told.collect::<Vec<_>>().join(", ")
}
