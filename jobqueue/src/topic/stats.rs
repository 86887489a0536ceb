//! Figures of a topic and of its queues.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{Topic, binding::Binding};
use crate::{
    error::Result,
    job::QueueName,
    outbox::{EntryId, target},
    store::{queue::Counts, topic::Stats},
};

/// How many messages of the outbox are counted for each queue.
const COUNTED: usize = 10_000;

/// The figures of a topic at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TopicStats {
    /// How many messages have ever been published.
    pub published: u64,
    /// How many have not reached all their queues yet.
    pub underway: u64,
    /// The age of the oldest of those. More than a second means that no process relays, or that a
    /// queue can't be reached.
    pub oldest_underway: Option<Duration>,
    /// How many messages are [kept](Topic::keep).
    pub kept: u64,
    /// When the oldest kept message was published.
    pub kept_since: Option<DateTime<Utc>>,
    /// The bound queues and the alternate one.
    pub queues: Vec<QueueLag>,
}

/// How far a queue is behind its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueLag {
    /// The queue.
    pub queue: QueueName,
    /// How many messages have not reached it yet, of the topic's oldest 10,000, or of fewer if
    /// those have more than 16 MiB.
    pub underway: u64,
    /// Whether one of its bindings is still catching up with the past.
    pub replaying: bool,
    /// How many jobs wait in it, from all topics and adds.
    pub waiting: u64,
}

impl Topic {
    /// Reads the figures of the topic and of its queues.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn stats(&self) -> Result<TopicStats> {
        let snapshot = self.store.call_retrying(&Stats { most: COUNTED }).await?;
        let mut names = BTreeSet::new();
        for raw in &snapshot.bindings {
            names.insert(Binding::read(raw)?.queue);
        }
        names.extend(snapshot.alternate.parse().ok());
        let mut queues = Vec::new();
        for queue in names {
            let store = self.client.store().queue(&queue);
            let counts = store.call_retrying(&Counts).await?.counts;
            let sources: BTreeMap<String, String> = store.sources().await?.into_iter().collect();
            let taken = sources.get(self.name().as_str()).map(|entry| EntryId::of(entry));
            let ahead = snapshot.oldest.iter().filter(|(entry, targets)| {
                Some(EntryId::of(entry)) > taken
                    && target::read(targets).any(|(to, _)| to == queue.as_str())
            });
            let replaying = |(key, _): &(String, _)| {
                key.split(' ').next().is_some_and(|other| other == queue.as_str())
            };
            queues.push(QueueLag {
                underway: ahead.count() as u64,
                replaying: snapshot.replays.iter().any(replaying),
                waiting: counts.waiting,
                queue,
            });
        }
        let age =
            |(entry, _): &(String, String)| snapshot.now_ms.saturating_sub(EntryId::of(entry).ms);
        let kept_since = EntryId::of(&snapshot.first_kept).ms.try_into().ok();
        Ok(TopicStats {
            published: snapshot.published,
            underway: snapshot.underway,
            oldest_underway: snapshot.oldest.first().map(age).map(Duration::from_millis),
            kept: snapshot.kept,
            kept_since: kept_since
                .filter(|_| snapshot.kept > 0)
                .and_then(DateTime::from_timestamp_millis),
            queues,
        })
    }
}
