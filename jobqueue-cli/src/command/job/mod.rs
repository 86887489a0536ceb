//! `jobqueue job`: one job.

mod change;
mod show;
mod signal;
mod watch;

use anyhow::Result;
use clap::{Args, Subcommand};
use jobqueue::{JobHandle, types::Value};

use crate::{exit::Exit, session::Session};

/// What is done with one job.
#[derive(Debug, Subcommand)]
pub(crate) enum Job {
    Show(show::Show),
    Retry(change::Retry),
    Remove(change::Remove),
    Cancel(change::Cancel),
    Promote(change::Promote),
    Move(change::MoveJob),
    Edit(change::Edit),
    Signal(signal::Signal),
    Logs(watch::Logs),
    Wait(watch::Wait),
}

/// Which job.
#[derive(Args, Debug)]
struct Which {
    /// Its whole id.
    id: String,
    /// Its queue; else all are asked.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,
}

impl Which {
    async fn open(&self, session: &Session) -> Result<JobHandle<Value>> {
        session.job(&self.id, self.queue.as_deref()).await
    }
}

impl Job {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::Show(it) => it.run(session).await,
            Self::Retry(it) => it.run(session).await,
            Self::Remove(it) => it.run(session).await,
            Self::Cancel(it) => it.run(session).await,
            Self::Promote(it) => it.run(session).await,
            Self::Move(it) => it.run(session).await,
            Self::Edit(it) => it.run(session).await,
            Self::Signal(it) => it.run(session).await,
            Self::Logs(it) => it.run(session).await,
            Self::Wait(it) => it.run(session).await,
        }
    }
}
