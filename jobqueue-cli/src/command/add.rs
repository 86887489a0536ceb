//! `jobqueue add`: a job of any name.

use std::{
    io::{self, Read as _},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use jobqueue::{
    Backoff, Durability, JobId, Retain, Unique,
    types::{DateTime, Utc},
    unique::Added,
};
use serde_json::json;

use crate::{
    exit::{Exit, Told},
    session::Session,
    value::{backoff, coming, duration, json as json_value, key_and_most, pair, retain, unique},
};

/// Adds a job: `jobqueue add emails send '{"to":"a@example.org"}'`.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The queue.
    queue: String,
    /// The name of the job, by which workers know its handler.
    name: String,
    /// Its payload, as JSON; `-` reads it from the input, and none is `null`.
    #[arg(default_value = "null")]
    payload: String,
    /// An id of your own; one that exists isn't added again.
    #[arg(long)]
    id: Option<String>,
    /// Nothing is added while this key is taken: until the job has ended, or for a time: `KEY:1h`.
    #[arg(long, value_name = "KEY[:TIME]", value_parser = unique)]
    unique: Option<Unique>,
    /// Of a unique key that is taken: its job, if it still waits, gets this payload.
    #[arg(long, requires = "unique", conflicts_with_all = ["keep_last", "debounce"])]
    replace: bool,
    /// Of a unique key that is taken: one more job runs after its job.
    #[arg(long, requires = "unique", conflicts_with = "debounce")]
    keep_last: bool,
    /// Of a unique key that is taken: its job waits this long anew, with this payload.
    #[arg(long, value_name = "TIME", requires = "unique", value_parser = duration)]
    debounce: Option<Duration>,
    /// Runs it after this at the earliest.
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "at")]
    delay: Option<Duration>,
    /// Runs it at this time at the earliest: `2026-11-28T14:00:00Z`, or `2h` from now.
    #[arg(long, value_name = "TIME", value_parser = coming)]
    at: Option<DateTime<Utc>>,
    /// -1024 (first) to 1023 (last).
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    priority: Option<i16>,
    /// How often it may run.
    #[arg(long)]
    attempts: Option<u32>,
    /// The wait between attempts: `fixed:5s`, `exponential:1s:10m`.
    #[arg(long, value_parser = backoff)]
    backoff: Option<Backoff>,
    /// How long a run may take.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// How long it may wait for its first run.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    ttl: Option<Duration>,
    /// When it must have ended, with all its attempts: a time, or `2h` from now.
    #[arg(long, value_name = "TIME", value_parser = coming)]
    deadline: Option<DateTime<Utc>>,
    /// How long it may be tried again.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    retry_for: Option<Duration>,
    /// How often it may be snoozed.
    #[arg(long)]
    snoozes: Option<u32>,
    /// What is kept when it completes: `all`, `none`, a number, an age, `1000/7d`.
    #[arg(long, value_parser = retain)]
    retain: Option<Retain>,
    /// What is kept when it fails.
    #[arg(long, value_parser = retain)]
    retain_failed: Option<Retain>,
    /// The version of its payload.
    #[arg(long)]
    payload_version: Option<u32>,
    /// A header.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    header: Vec<(String, String)>,
    /// A tag.
    #[arg(long)]
    tag: Vec<String>,
    /// Its group: queues are shared fairly among groups.
    #[arg(long)]
    group: Option<String>,
    /// A key, and how many jobs of it may be active at once.
    #[arg(long, value_name = "KEY=NUMBER", value_parser = key_and_most)]
    concurrency_key: Vec<(String, u32)>,
    /// Waits until so many replicas have it.
    #[arg(long, value_name = "REPLICAS")]
    replicas: Option<u32>,
}

/// How long replicas may take to say that they have it.
const CONFIRM: Duration = Duration::from_secs(1);

impl Add {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let payload = json_value(&self.payload()?).map_err(Told::usage)?;
        let queue = session.queue(&self.queue).await?;
        let add = self.time_set(self.set(queue.add(&self.name, &payload)));
        let job = match (&self.id, self.replicas) {
            // One that replicas don't confirm is there: who hears of it has to know which.
            (None, Some(_)) => {
                let id = JobId::generate();
                add.id(&id).await.with_context(|| format!("job {id}"))?
            }
            _ => add.await?,
        };
        let (id, text) = (job.id(), added(job.added()));
        let value = json!({"queue": self.queue, "id": id, "added": text});
        session.out.answer(&value, format_args!("{}: job {id} {text}", self.queue))?;
        Ok(Exit::Done)
    }

    fn payload(&self) -> Result<String> {
        if self.payload != "-" {
            return Ok(self.payload.clone());
        }
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("the payload can't be read")?;
        Ok(text)
    }

    fn set(&self, mut add: jobqueue::Add<serde_json::Value>) -> jobqueue::Add<serde_json::Value> {
        if let Some(id) = &self.id {
            add = add.id(id);
        }
        if let Some(unique) = self.key() {
            add = add.unique(unique);
        }
        if let Some(priority) = self.priority {
            add = add.priority(priority);
        }
        if let Some(attempts) = self.attempts {
            add = add.attempts(attempts);
        }
        if let Some(backoff) = self.backoff {
            add = add.backoff(backoff);
        }
        if let Some(most) = self.snoozes {
            add = add.snoozes(most);
        }
        if let Some(retain) = self.retain {
            add = add.retain(retain);
        }
        if let Some(retain) = self.retain_failed {
            add = add.retain_failed(retain);
        }
        if let Some(version) = self.payload_version {
            add = add.version(version);
        }
        if let Some(replicas) = self.replicas {
            add = add.durability(Durability::Replicated { replicas, within: CONFIRM });
        }
        if let Some(group) = &self.group {
            add = add.group(group);
        }
        for (key, most) in &self.concurrency_key {
            add = add.concurrency_key(key, *most);
        }
        add = self.header.iter().fold(add, |add, (name, value)| add.header(name, value));
        self.tag.iter().fold(add, jobqueue::Add::tag)
    }

    fn time_set(
        &self,
        mut add: jobqueue::Add<serde_json::Value>,
    ) -> jobqueue::Add<serde_json::Value> {
        if let Some(delay) = self.delay {
            add = add.delay(delay);
        }
        if let Some(time) = self.at {
            add = add.at(time);
        }
        if let Some(timeout) = self.timeout {
            add = add.timeout(timeout);
        }
        if let Some(ttl) = self.ttl {
            add = add.ttl(ttl);
        }
        if let Some(deadline) = self.deadline {
            add = add.deadline(deadline);
        }
        if let Some(time) = self.retry_for {
            add = add.retry_for(time);
        }
        add
    }

    fn key(&self) -> Option<Unique> {
        let unique = self.unique.clone()?;
        Some(match self.debounce {
            Some(delay) => unique.debounce(delay),
            None if self.replace => unique.replace(),
            None if self.keep_last => unique.keep_last(),
            None => unique,
        })
    }
}

fn added(added: &Added) -> String {
    match added {
        Added::New => "added".to_owned(),
        Added::Existed => "was there already".to_owned(),
        Added::Replaced => "has this payload now".to_owned(),
        Added::Extended => "is delayed anew".to_owned(),
        Added::After(other) => format!("runs after {other}"),
        Added::Overflowed => "went to the dead-letter queue, since the queue is full".to_owned(),
        _ => "known".to_owned(),
    }
}
