//! `jobqueue drain`, `clean` and `obliterate`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jobqueue::JobState;
use serde_json::json;

use crate::{
    command::queues::dead_letters_of,
    exit::Exit,
    output::{counted, span},
    session::Session,
    value::duration,
};

/// Removes all waiting jobs of a queue.
#[derive(Args, Debug)]
pub(crate) struct Drain {
    /// The queue.
    queue: String,
    /// The delayed ones too.
    #[arg(long)]
    with_delayed: bool,
}

/// Removes jobs of a queue that ended long ago.
#[derive(Args, Debug)]
pub(crate) struct Clean {
    /// The queue.
    queue: String,
    /// `completed`, `failed` or `cancelled`.
    #[arg(long, default_value_t = JobState::Completed)]
    state: JobState,
    /// Only those that ended longer ago than this.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    older_than: Duration,
}

/// Removes a queue and all that belongs to it.
#[derive(Args, Debug)]
pub(crate) struct Obliterate {
    /// The queue.
    queue: String,
    /// Also while jobs are active: their outcomes are refused then.
    #[arg(long)]
    force: bool,
}

impl Drain {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let queue = session.known_queue(&self.queue).await?;
        let counts = queue.counts().await?;
        let delayed = if self.with_delayed { counts.delayed } else { 0 };
        let too = if self.with_delayed { " and delayed" } else { "" };
        let jobs = counted(counts.waiting + delayed, &format!("waiting{too} job"));
        let what = format!("Would remove {jobs} of {}.", self.queue);
        session.ask.about(&what, &self.queue).await?;
        let drain = queue.drain();
        let removed = if self.with_delayed { drain.with_delayed() } else { drain }.await?;
        session.deliver(&queue).await?;
        removed_jobs(session, &self.queue, removed)
    }
}

impl Clean {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let queue = session.known_queue(&self.queue).await?;
        let kept = queue.counts().await?.of(self.state);
        let what = format!(
            "Would remove those of {} of {} that ended more than {} ago.",
            counted(kept, &format!("{} job", self.state)),
            self.queue,
            span(self.older_than)
        );
        session.ask.about(&what, &self.queue).await?;
        let removed = queue.clean(self.state, self.older_than).await?;
        removed_jobs(session, &self.queue, removed)
    }
}

impl Obliterate {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let queue = session.known_queue(&self.queue).await?;
        let counts = queue.counts().await?;
        let jobs: u64 = JobState::ALL.into_iter().map(|state| counts.of(state)).sum();
        let dead = dead_letters_of(session.client().await?, queue.name()).await?;
        let mut what = format!(
            "Would remove {} with its {}, schedules, flows and limits.",
            self.queue,
            counted(jobs, "job")
        );
        if counts.workers > 0 {
            let workers = counted(counts.workers, "worker");
            what.push_str(&format!(" It is served by {workers}: what runs there goes on."));
        }
        for dead in dead {
            what.push_str(&format!(" Its dead letters stay in {dead}."));
        }
        session.ask.about(&what, &self.queue).await?;
        let obliterate = queue.obliterate();
        if self.force { obliterate.force() } else { obliterate }.await?;
        let value = json!({"queue": self.queue, "obliterated": true});
        session.out.answer(&value, format_args!("{} is gone", self.queue))?;
        Ok(Exit::Done)
    }
}

fn removed_jobs(session: &Session, queue: &str, removed: u64) -> Result<Exit> {
    let value = json!({"queue": queue, "removed": removed});
    session.out.answer(&value, format_args!("{} of {queue} removed", counted(removed, "job")))?;
    Ok(Exit::Done)
}
