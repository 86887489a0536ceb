//! `jobqueue schedules`.

use anyhow::Result;
use clap::{Args, Subcommand};
use jobqueue::{Queue, QueueName, schedule::ScheduleInfo};
use serde::Serialize;
use serde_json::json;

use crate::{
    exit::{Exit, Told},
    output::{Cell, Column, Hue, Output, Table, glyph, span},
    session::Session,
};

/// Lists schedules, pauses them, runs them now, removes them.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Schedules {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only those of this queue.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,
}

/// What is done with a schedule.
#[derive(Debug, Subcommand)]
enum Action {
    /// Stops it from adding jobs.
    Pause(Which),
    /// Lets it add jobs again, from its next tick on.
    Resume(Which),
    /// Adds its job now, beside its ticks.
    Run(Which),
    /// Removes it. One that a program declares comes back with that program.
    Remove(Which),
}

#[derive(Args, Debug)]
struct Which {
    /// Its queue.
    queue: String,
    /// Its id.
    id: String,
}

#[derive(Serialize)]
struct ScheduleView {
    queue: QueueName,
    #[serde(flatten)]
    schedule: ScheduleInfo,
}

impl Schedules {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        match &self.action {
            None => self.list(session).await,
            Some(Action::Pause(it)) => it.pause(session).await,
            Some(Action::Resume(it)) => it.resume(session).await,
            Some(Action::Run(it)) => it.run_now(session).await,
            Some(Action::Remove(it)) => it.remove(session).await,
        }
    }

    async fn list(&self, session: &Session) -> Result<Exit> {
        let (client, out) = (session.client().await?, &session.out);
        let queues = match &self.queue {
            Some(name) => vec![session.known_queue(name).await?],
            None => {
                let entries = client.queues().with_schedules().all().await?;
                let queues = entries.iter().map(|entry| client.queue(&entry.name));
                queues.collect::<jobqueue::Result<Vec<Queue>>>()?
            }
        };
        let (mut views, mut lasts) = (Vec::new(), Vec::new());
        for queue in &queues {
            for schedule in queue.schedules().list().await? {
                lasts.push(last(queue, &schedule).await?);
                views.push(ScheduleView { queue: queue.name().clone(), schedule });
            }
        }
        if out.json {
            out.json(&views)?;
        } else if views.is_empty() {
            out.remark("No schedule.");
        } else {
            out.table(&table(&views, lasts, out))?;
        }
        Ok(Exit::Done)
    }
}

/// How its last job is, or was.
async fn last(queue: &Queue, schedule: &ScheduleInfo) -> Result<Cell> {
    let Some(id) = &schedule.last_job else { return Ok(Cell::new("–")) };
    match queue.job(id.clone()).info().await {
        Ok(job) => {
            let ran = job.last_run.map(|last| format!(" {}", span(last.ran))).unwrap_or_default();
            Ok(Cell::new(format!("{}{ran}", glyph(job.state))).hue(Hue::of(job.state)))
        }
        Err(jobqueue::Error::Refused(jobqueue::error::Refused::NotFound { .. })) => {
            Ok(Cell::new("gone"))
        }
        Err(error) => Err(error.into()),
    }
}

fn table(views: &[ScheduleView], lasts: Vec<Cell>, out: &Output) -> Table {
    let mut table = Table::new([
        Column::text("NAME"),
        Column::text("QUEUE"),
        Column::text("WHEN"),
        Column::text("NEXT"),
        Column::text("LAST"),
        Column::long("STATE"),
    ]);
    for (ScheduleView { queue, schedule }, last) in views.iter().zip(lasts) {
        let (hue, state) = state(schedule);
        table.row([
            Cell::new(&schedule.id),
            Cell::new(queue),
            Cell::new(schedule.timing.as_deref().unwrap_or("?")),
            schedule.next.map_or_else(|| "–".to_owned(), |next| out.time(next)).into(),
            last,
            Cell::new(state).hue(hue),
        ]);
    }
    table
}

fn state(schedule: &ScheduleInfo) -> (Hue, String) {
    if let Some(problem) = &schedule.problem {
        return (Hue::Bad, format!("! {problem}"));
    }
    match (schedule.paused, schedule.next, schedule.moved) {
        (true, _, _) => (Hue::Odd, "‖ paused".to_owned()),
        (_, None, _) => (Hue::Dim, "over".to_owned()),
        (_, _, true) => (Hue::Plain, "moved by hand".to_owned()),
        _ => (Hue::Plain, String::new()),
    }
}

impl Which {
    async fn open(&self, session: &Session) -> Result<jobqueue::schedule::Schedules> {
        Ok(session.queue(&self.queue).await?.schedules())
    }

    fn told(&self, session: &Session, done: &str, changed: bool) -> Result<Exit> {
        let Self { queue, id } = self;
        let value = json!({"queue": queue, "schedule": id, "done": done, "changed": changed});
        let was = if changed { "" } else { " (it was so already)" };
        session.out.answer(&value, format_args!("{queue}: schedule {id} {done}{was}"))?;
        Ok(Exit::Done)
    }

    async fn pause(&self, session: &Session) -> Result<Exit> {
        let changed = self.open(session).await?.pause(&self.id).await?;
        self.told(session, "is paused", changed)
    }

    async fn resume(&self, session: &Session) -> Result<Exit> {
        let changed = self.open(session).await?.resume(&self.id).await?;
        self.told(session, "goes on", changed)
    }

    async fn run_now(&self, session: &Session) -> Result<Exit> {
        let job = self.open(session).await?.run_now(&self.id).await?;
        self.told(session, &format!("has added job {}", job.id()), true)
    }

    async fn remove(&self, session: &Session) -> Result<Exit> {
        let Self { queue, id } = self;
        let what = format!("Would remove schedule {id} of {queue}.");
        session.ask.about(&what, queue).await?;
        if !self.open(session).await?.remove(id).await? {
            return Err(Told::error(Exit::Trouble, format_args!("{queue} has no schedule {id}")));
        }
        self.told(session, "is removed", true)
    }
}
