//! The registry: the names of what exists, in a key of its own (`jq:registry`), and so in a slot of
//! its own. Whoever makes something writes its name there, at most once an hour; whoever reads it
//! asks what is named whether it still exists.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::Value;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::{
    link::Route,
    reply,
    server_error::{self, About},
};
use crate::{
    error::{Error, Refused, Result},
    error_chain::chain,
    job::QueueName,
    task::BoxTask,
};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Listed {
    Queue,
    Topic,
    /// A queue that has schedules.
    Schedules,
    /// A queue that is the home of flows.
    Flows,
    /// A dead-letter queue, and the queue whose dead letters go there.
    Letters,
}

/// An entry: what it names, and of dead letters the queue that they come from.
pub(super) type Entry = (Listed, QueueName, Option<QueueName>);

impl Listed {
    pub(super) const ALL: [Self; 4] = [Self::Queue, Self::Topic, Self::Schedules, Self::Flows];

    /// The first word of its entries.
    const fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue ",
            Self::Topic => "topic ",
            Self::Schedules => "schedules ",
            Self::Flows => "flows ",
            Self::Letters => "letters ",
        }
    }

    /// What is there, and holds what this names, as long as it exists.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Queue | Self::Letters => "meta",
            Self::Topic => "topic",
            Self::Schedules => "schedules",
            Self::Flows => "flow:ids",
        }
    }
}

/// How long a client doesn't write a name again: an entry that was lost is back after as long.
const AGAIN: Duration = Duration::from_secs(3_600);

/// The same after a write that failed, for a reason that may pass.
const RETRY: Duration = Duration::from_secs(60);

/// How long a call waits for the name to be written, after its own answer.
const LIMIT: Duration = Duration::from_millis(250);

/// How many names a client remembers to have written.
const REMEMBERED: usize = 10_000;

/// Among how many pairs of dead-letter queues and origins those of one queue are looked for.
const MOST_LETTERS: usize = 1_000;

const READING: &str = "read the registry";

/// The registry of all that one prefix has.
#[derive(Clone, Debug)]
pub(crate) struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    route: Route,
    key: String,
    /// Until when a name needn't be written.
    written: Mutex<BTreeMap<Entry, Instant>>,
}

impl Registry {
    /// Its key.
    pub(super) fn key(prefix: &str) -> String {
        format!("{prefix}:registry")
    }

    pub(super) fn new(route: Route, prefix: &str) -> Self {
        let inner = Inner { route, key: Self::key(prefix), written: Mutex::default() };
        Self(Arc::new(inner))
    }

    /// The write of entries that this client hasn't written for an hour. Its caller was answered
    /// already, and hears of no failure.
    pub(super) fn list(&self, entries: impl Iterator<Item = Entry>) -> Option<BoxTask<()>> {
        let now = Instant::now();
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() > REMEMBERED {
            written.clear();
        }
        let mut due = Vec::new();
        for entry in entries {
            if written.get(&entry).is_none_or(|until| *until <= now) {
                // Until its answer is there, no other call writes it.
                written.insert(entry.clone(), now + RETRY);
                due.push(entry);
            }
        }
        drop(written);
        let registry = self.clone();
        (!due.is_empty()).then(|| Box::pin(async move { registry.list_due(due).await }) as _)
    }

    /// These are to be written again, though an hour hasn't passed.
    pub(super) fn forget_written(&self, entries: impl Iterator<Item = Entry>) {
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            written.remove(&entry);
        }
    }

    async fn list_due(self, due: Vec<Entry>) {
        let rest = match timeout(LIMIT, self.add(&due)).await {
            Ok(Ok(_)) => AGAIN,
            Ok(Err(error)) => {
                debug!(error = %chain(&error), "not written to the registry");
                let denied = matches!(error, Error::Refused(Refused::Permission { .. }));
                if denied { AGAIN } else { RETRY }
            }
            Err(_) => RETRY,
        };
        let until = Instant::now() + rest;
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend(due.into_iter().map(|entry| (entry, until)));
    }

    /// Writes entries; answers how many were not there.
    pub(super) async fn add(&self, entries: &[Entry]) -> Result<u64> {
        const ACTION: &str = "write to the registry";
        let mut command = redis::cmd("ZADD");
        command.arg(&self.0.key);
        for entry in entries {
            command.arg(0).arg(text(entry));
        }
        Ok(reply::count(&self.request(&command, ACTION).await?, ACTION)?)
    }

    /// Removes all entries of a name that exists no more, as these kinds. This client writes them
    /// again with its next use of the name; others within the hour.
    pub(super) async fn forget(&self, kinds: &[Listed], name: &QueueName) -> Result<()> {
        let mut entries: Vec<Entry> =
            kinds.iter().map(|kind| (*kind, name.clone(), None)).collect();
        if kinds.contains(&Listed::Queue) {
            let letters = self.letters("", "~", MOST_LETTERS).await?.into_iter();
            let own = letters.filter(|(to, from)| to == name || from == name);
            entries.extend(own.map(|(to, from)| (Listed::Letters, to, Some(from))));
        }
        self.remove(&entries).await?;
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in &entries {
            written.remove(entry);
        }
        Ok(())
    }

    /// Removes entries.
    pub(super) async fn remove(&self, entries: &[Entry]) -> Result<()> {
        let mut command = redis::cmd("ZREM");
        command.arg(&self.0.key);
        for entry in entries {
            command.arg(text(entry));
        }
        self.request(&command, "remove from the registry").await.map(drop)
    }

    /// Names after this one, in their order.
    pub(super) async fn page(
        &self,
        kind: Listed,
        after: Option<&QueueName>,
        count: usize,
    ) -> Result<Vec<QueueName>> {
        let word = kind.word();
        let from = after.map_or_else(|| format!("[{word}"), |name| format!("({word}{name}"));
        // No name has a byte behind `~`.
        let entries = self.range(&from, &format!("({word}~"), count).await?;
        // What others have written there names nothing.
        let names = entries.iter().filter_map(|entry| entry.strip_prefix(word)?.parse().ok());
        Ok(names.collect())
    }

    /// Pairs of a dead-letter queue, from one name to another, and a queue whose letters go there.
    pub(super) async fn letters(
        &self,
        from: &str,
        to: &str,
        count: usize,
    ) -> Result<Vec<(QueueName, QueueName)>> {
        let word = Listed::Letters.word();
        // No name has a byte below `!`.
        let entries =
            self.range(&format!("[{word}{from}"), &format!("[{word}{to}!"), count).await?;
        let pair = |entry: &String| {
            let (letters, origin) = entry.strip_prefix(word)?.split_once(' ')?;
            Some((letters.parse().ok()?, origin.parse().ok()?))
        };
        Ok(entries.iter().filter_map(pair).collect())
    }

    async fn range(&self, from: &str, to: &str, count: usize) -> Result<Vec<String>> {
        let mut command = redis::cmd("ZRANGEBYLEX");
        command.arg(&self.0.key).arg(from).arg(to).arg("LIMIT").arg(0).arg(count);
        let page = reply::array(self.request(&command, READING).await?, READING)?;
        Ok(page
            .iter()
            .map(|it| reply::text(it, READING).map(str::to_owned))
            .collect::<Result<_, _>>()?)
    }

    async fn request(&self, command: &redis::Cmd, action: &'static str) -> Result<Value> {
        let reply = self.0.route.request(command).await;
        reply.map_err(|error| server_error::explain(error, About::action(action)))
    }
}

fn text((kind, name, origin): &Entry) -> String {
    let word = kind.word();
    match origin {
        None => format!("{word}{name}"),
        Some(origin) => format!("{word}{name} {origin}"),
    }
}
