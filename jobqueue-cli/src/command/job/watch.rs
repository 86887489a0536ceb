//! `jobqueue job logs` and `wait`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jobqueue::error::ResultError;
use serde_json::json;
use tokio::time::timeout;

use super::Which;
use crate::{
    exit::{Exit, Told},
    output::clean,
    session::Session,
    value::duration,
};

/// How often a log that is followed is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Prints the log lines of a job.
#[derive(Args, Debug)]
pub(crate) struct Logs {
    #[command(flatten)]
    which: Which,
    /// Goes on until the job has ended.
    #[arg(long, short)]
    follow: bool,
}

/// Waits until a job has ended, and prints its result. A failure is 1.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    #[command(flatten)]
    which: Which,
    /// How long at most; that is over: 1.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
}

impl Logs {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        let mut seen = 0;
        loop {
            // Before the lines are read: those that it wrote until then are among them.
            let state = job.state().await?;
            let lines = job.logs(seen).await?;
            seen += lines.len();
            for line in &lines {
                if session.out.json {
                    session.out.json(line)?;
                } else {
                    session.out.say(clean(line))?;
                }
            }
            if !self.follow || state.is_none_or(jobqueue::JobState::is_final) {
                return Ok(Exit::Done);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Wait {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        let limit = self.timeout.unwrap_or(Duration::MAX);
        let Ok(ended) = timeout(limit, job.result()).await else {
            return Err(Told::error(Exit::Trouble, "it has not ended in time"));
        };
        let value = match ended {
            Ok(result) => json!({"state": "completed", "result": result}),
            Err(ResultError::Failed { failure, .. }) if session.out.json => {
                json!({"state": "failed", "failure": failure})
            }
            Err(ResultError::Cancelled { reason, .. }) if session.out.json => {
                json!({"state": "cancelled", "reason": reason})
            }
            Err(error) => return Err(error.into()),
        };
        let result = value.get("result");
        session.out.answer(&value, result.map(ToString::to_string).unwrap_or_default())?;
        Ok(if result.is_some() { Exit::Done } else { Exit::Trouble })
    }
}
