//! Which jobs are meant.

use anyhow::Result;
use clap::Args;
use jobqueue::{JobState, Queue, error::FailureReason, find::JobFilter, types::Value};
use serde::Deserialize as _;

use crate::{
    exit::Told,
    session::Session,
    value::{duration, pair, time},
};
use std::time::Duration;

use jobqueue::types::{DateTime, Utc};

/// Which jobs are meant: all of these conditions must hold. Of several states, names or kinds of
/// error, one must.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Which jobs")]
pub(crate) struct Where {
    /// Of this state, such as `failed`.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Vec<JobState>,
    /// Of this name.
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// With this text in an error.
    #[arg(long, value_name = "TEXT")]
    error: Vec<String>,
    /// Whose last failure is of this kind: `error`, `timeout`, `panic`, …
    #[arg(long, value_name = "KIND", value_parser = reason)]
    kind: Vec<FailureReason>,
    /// With this value in a field of the payload: `order.items[*].sku=A7`. JSON, or else a text.
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair)]
    payload: Vec<(String, String)>,
    /// With this header.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    header: Vec<(String, String)>,
    /// With this tag.
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Added at least so long ago.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    older_than: Option<Duration>,
    /// Added less than so long ago.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    younger_than: Option<Duration>,
    /// Ended at this time or later: a time, or how long ago.
    #[arg(long, value_name = "TIME", value_parser = time)]
    ended_since: Option<DateTime<Utc>>,
    /// Ended before this time: a time, or how long ago.
    #[arg(long, value_name = "TIME", value_parser = time)]
    ended_before: Option<DateTime<Utc>>,
}

fn reason(text: &str) -> Result<FailureReason, String> {
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
    let known = FailureReason::deserialize(name).ok().filter(|known| known.as_str() == text);
    known.ok_or_else(|| "use error, permanent, timeout, panic, stalled, bad_payload, …".to_owned())
}

impl Where {
    /// Whether it asks for anything but a state.
    pub(crate) fn asks(&self) -> bool {
        let texts = [&self.name, &self.error, &self.tag];
        texts.iter().any(|them| !them.is_empty())
            || !self.kind.is_empty()
            || !self.payload.is_empty()
            || !self.header.is_empty()
            || self.older_than.is_some()
            || self.younger_than.is_some()
            || self.ended_since.is_some()
            || self.ended_before.is_some()
    }

    /// The same of one state alone.
    pub(crate) fn of_state(&self, state: JobState) -> JobFilter {
        Self { state: vec![state], ..self.clone() }.filter(&[])
    }

    /// The same as the library has it. `states` are meant if none is named.
    pub(crate) fn filter(&self, states: &[JobState]) -> JobFilter {
        let named = if self.state.is_empty() { states } else { &self.state };
        let mut filter = named.iter().fold(JobFilter::new(), |filter, it| filter.state(*it));
        filter = self.name.iter().fold(filter, JobFilter::name);
        filter = self.error.iter().fold(filter, JobFilter::error_contains);
        filter = self.kind.iter().fold(filter, |filter, kind| filter.error_reason(*kind));
        filter = self.header.iter().fold(filter, |it, (name, value)| it.header(name, value));
        filter = self.tag.iter().fold(filter, JobFilter::tag);
        for (path, value) in &self.payload {
            filter = match serde_json::from_str::<Value>(value) {
                Ok(value) => filter.payload(path, value),
                Err(_) => filter.payload(path, value),
            };
        }
        if let Some(age) = self.older_than {
            filter = filter.older_than(age);
        }
        if let Some(age) = self.younger_than {
            filter = filter.younger_than(age);
        }
        if let Some(time) = self.ended_since {
            filter = filter.ended_since(time);
        }
        if let Some(time) = self.ended_before {
            filter = filter.ended_before(time);
        }
        filter
    }
}

/// In which queues they are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Queues {
    /// Only this queue; all by default. May be given more than once.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Vec<String>,
}

impl Queues {
    /// All that are meant, and that exist.
    pub(crate) async fn open(&self, session: &Session) -> Result<Vec<Queue>> {
        if self.queue.is_empty() {
            return session.all_queues().await;
        }
        let mut open = Vec::new();
        for name in &self.queue {
            open.push(session.known_queue(name).await?);
        }
        Ok(open)
    }

    /// The one that is meant, of a command that changes much.
    pub(crate) async fn one(&self, session: &Session) -> Result<Queue> {
        match self.queue.as_slice() {
            [name] => session.known_queue(name).await,
            _ => Err(Told::usage("say of which queue, by --queue QUEUE")),
        }
    }
}
