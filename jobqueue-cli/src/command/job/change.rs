//! What changes one job.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jobqueue::{JobHandle, Retain, manage::Cancelled, types::Value};
use serde_json::json;

use super::Which;
use crate::{
    exit::{Exit, Told},
    session::Session,
    value::{backoff, duration, json as json_value, pair, retain},
};

/// Runs a failed, cancelled or completed job again.
#[derive(Args, Debug)]
pub(crate) struct Retry {
    #[command(flatten)]
    which: Which,
    /// Also forgets the parts that are recorded of it: its steps run anew.
    #[arg(long)]
    anew: bool,
}

/// Removes a job, with all that is kept of it. An active one can't be removed.
#[derive(Args, Debug)]
pub(crate) struct Remove {
    #[command(flatten)]
    which: Which,
}

/// Cancels a job wherever it is; one that runs is told to stop.
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    #[command(flatten)]
    which: Which,
    /// Why, for whoever looks at it later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// How long its run may take to end by itself.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    grace: Option<Duration>,
}

/// Makes a delayed job ready now.
#[derive(Args, Debug)]
pub(crate) struct Promote {
    #[command(flatten)]
    which: Which,
}

/// Moves a job: to another queue, to another time, or to another priority.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("place").required(true))]
pub(crate) struct MoveJob {
    #[command(flatten)]
    which: Which,
    /// To this queue; a job that waits or is delayed.
    #[arg(long, value_name = "QUEUE", group = "place")]
    to: Option<String>,
    /// To this long from now; a delayed job.
    #[arg(long, value_name = "TIME", value_parser = duration, group = "place")]
    delay: Option<Duration>,
    /// To this priority, -1024 (first) to 1023 (last); a job that has not ended.
    #[arg(long, value_name = "NUMBER", group = "place", allow_negative_numbers = true)]
    priority: Option<i16>,
}

/// Changes the payload or the options of a job that waits or is delayed.
#[derive(Args, Debug)]
pub(crate) struct Edit {
    #[command(flatten)]
    which: Which,
    /// The new payload, as JSON.
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    payload: Option<Value>,
    /// How often it may run.
    #[arg(long)]
    attempts: Option<u32>,
    /// How long a run may take.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// The wait before the next attempt: `fixed:5s`, `exponential:1s:10m`.
    #[arg(long, value_parser = backoff)]
    backoff: Option<jobqueue::Backoff>,
    /// What is kept when it completes: `all`, `none`, a number, an age, `1000/7d`.
    #[arg(long, value_parser = retain)]
    retain: Option<Retain>,
    /// What is kept when it fails.
    #[arg(long, value_parser = retain)]
    retain_failed: Option<Retain>,
    /// A header that it gets.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    header: Vec<(String, String)>,
    /// A header that it loses.
    #[arg(long, value_name = "NAME")]
    without_header: Vec<String>,
}

async fn done(session: &Session, job: &JobHandle<Value>, what: &str) -> Result<Exit> {
    session.deliver(job.queue()).await?;
    let (queue, id) = (job.queue().name(), job.id());
    let value = json!({"queue": queue, "id": id, "done": what});
    session.out.answer(&value, format_args!("{queue}: job {id} {what}"))?;
    Ok(Exit::Done)
}

impl Retry {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        let retry = job.retry();
        if self.anew { retry.anew() } else { retry }.await?;
        done(session, &job, "runs again").await
    }
}

impl Remove {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        let name = job.queue().name().as_str();
        let what = format!("Would remove job {} of {name}.", job.id());
        session.ask.about(&what, name).await?;
        job.remove().await?;
        done(session, &job, "is removed").await
    }
}

impl Cancel {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        let mut cancel = job.cancel().by(session.who().await?);
        if let Some(reason) = &self.reason {
            cancel = cancel.reason(reason);
        }
        if let Some(grace) = self.grace {
            cancel = cancel.grace(grace);
        }
        match cancel.await? {
            Cancelled::Told(worker) => {
                done(session, &job, &format!("is told to stop, at worker {worker}")).await
            }
            _ => done(session, &job, "is cancelled").await,
        }
    }
}

impl Promote {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        job.promote().await?;
        done(session, &job, "is ready").await
    }
}

impl MoveJob {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let job = self.which.open(session).await?;
        if let Some(to) = &self.to {
            job.move_to(&session.queue(to).await?).await?;
            return done(session, &job, &format!("is moved to {to}")).await;
        }
        if let Some(delay) = self.delay {
            job.set_delay(delay).await?;
            return done(session, &job, "is due at another time").await;
        }
        if let Some(priority) = self.priority {
            job.set_priority(priority).await?;
        }
        done(session, &job, "has another priority").await
    }
}

impl Edit {
    fn changes_nothing(&self) -> bool {
        self.payload.is_none()
            && self.attempts.is_none()
            && self.timeout.is_none()
            && self.backoff.is_none()
            && self.retain.is_none()
            && self.retain_failed.is_none()
            && self.header.is_empty()
            && self.without_header.is_empty()
    }

    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        if self.changes_nothing() {
            return Err(Told::usage("say what changes, such as --payload JSON"));
        }
        let job = self.which.open(session).await?;
        let mut edit = match &self.payload {
            Some(payload) => job.edit_payload(payload),
            None => job.edit_options(),
        };
        if let Some(attempts) = self.attempts {
            edit = edit.attempts(attempts);
        }
        if let Some(timeout) = self.timeout {
            edit = edit.timeout(timeout);
        }
        if let Some(backoff) = self.backoff {
            edit = edit.backoff(backoff);
        }
        if let Some(retain) = self.retain {
            edit = edit.retain(retain);
        }
        if let Some(retain) = self.retain_failed {
            edit = edit.retain_failed(retain);
        }
        for (name, value) in &self.header {
            edit = edit.header(name, value);
        }
        for name in &self.without_header {
            edit = edit.without_header(name);
        }
        edit.await?;
        done(session, &job, "is changed").await
    }
}
