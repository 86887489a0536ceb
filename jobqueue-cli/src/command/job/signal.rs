//! `jobqueue job signal`.

use anyhow::Result;
use clap::Args;
use jobqueue::{steps::Signalled, types::Value};
use serde_json::json;

use super::Which;
use crate::{exit::Exit, session::Session, value::json as json_value};

/// Sends a job a value for which it waits, or will: it is kept until a wait takes it, once.
#[derive(Args, Debug)]
pub(crate) struct Signal {
    #[command(flatten)]
    which: Which,
    /// What it waits for, as its handler calls it.
    name: String,
    /// The value, as JSON.
    #[arg(value_name = "JSON", default_value = "null", value_parser = json_value)]
    value: Value,
}

impl Signal {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        let woke = job.signal(&self.name, &self.value).await? == Signalled::Woke;
        let (queue, id) = (job.queue().name(), job.id());
        let value = json!({"queue": queue, "id": id, "signal": self.name, "woke": woke});
        let what = if woke { "goes on" } else { "keeps it until it waits for it" };
        session.out.answer(&value, format_args!("{queue}: job {id} {what}"))?;
        Ok(Exit::Done)
    }
}
