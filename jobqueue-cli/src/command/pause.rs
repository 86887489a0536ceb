//! `jobqueue pause` and `resume`.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::{exit::Exit, session::Session};

/// Stops all workers from fetching jobs of queues. Active jobs run to their end.
#[derive(Args, Debug)]
pub(crate) struct Pause {
    /// The queues.
    #[arg(required = true)]
    queues: Vec<String>,
}

/// Lets workers fetch jobs of queues again.
#[derive(Args, Debug)]
pub(crate) struct Resume {
    /// The queues.
    #[arg(required = true)]
    queues: Vec<String>,
}

impl Pause {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        for name in &self.queues {
            let changed = session.queue(name).await?.pause().await?;
            let text = if changed { "is paused" } else { "was paused already" };
            let value = json!({"queue": name, "paused": true, "changed": changed});
            session.out.answer(&value, format_args!("{name} {text}"))?;
        }
        Ok(Exit::Done)
    }
}

impl Resume {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        for name in &self.queues {
            let changed = session.queue(name).await?.resume().await?;
            let text = if changed { "goes on" } else { "was not paused" };
            let value = json!({"queue": name, "paused": false, "changed": changed});
            session.out.answer(&value, format_args!("{name} {text}"))?;
        }
        Ok(Exit::Done)
    }
}
