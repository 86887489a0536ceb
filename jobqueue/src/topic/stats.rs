//! The state of a topic, and how far its queues are behind.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Topic, binding::Binding};
use crate::{
    error::Result,
    job::QueueName,
    outbox::target,
    store::{EntryId, queue::Counts, topic::Stats},
};

/// How many messages of the outbox are counted for each queue.
const COUNTED: usize = 10_000;

/// The state of a topic at one moment; see [`Topic::stats`].
///
/// Serialized:
///
/// ```json
/// {
///   "published": 12, "underway": 1, "oldest_underway_ms": 40, "kept": 0, "kept_since": null,
///   "queues": [{"queue": "mails", "underway": 1, "replaying": false, "waiting": 3}]
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TopicStats {
    /// How many messages have ever been published.
    pub published: u64,
    /// How many have not reached all their queues yet.
    pub underway: u64,
    /// The age of the oldest of those. More than a second means that no process relays, or that a
    /// queue can't be reached.
    #[serde(rename = "oldest_underway_ms", serialize_with = "crate::json::maybe_millis")]
    pub oldest_underway: Option<Duration>,
    /// How many messages are [kept](Topic::keep).
    pub kept: u64,
    /// When the oldest kept message was published.
    pub kept_since: Option<DateTime<Utc>>,
    /// The bound queues and the alternate one.
    pub queues: Vec<QueueLag>,
}

/// How far a queue is behind its topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::topic::Filter;

    #[test]
    fn the_shape_of_json() {
        let queue: QueueName = "mails".parse().expect("a good name");
        let binding = Binding {
            queue: queue.clone(),
            pattern: "user.*".to_owned(),
            job: Some("welcome".parse().expect("a good name")),
            filter: Some(Filter::header("region").prefix("eu-").missing()),
        };
        let expected = json!({
            "queue": "mails", "pattern": "user.*", "job": "welcome",
            "filter": [["region", [{"prefix": "eu-"}, "missing"]]]
        });
        assert_eq!(serde_json::to_value(binding).expect("json"), expected);
        let stats = TopicStats {
            published: 12,
            underway: 1,
            oldest_underway: Some(Duration::from_millis(40)),
            kept: 0,
            kept_since: None,
            queues: vec![QueueLag { queue, underway: 1, replaying: false, waiting: 3 }],
        };
        let expected = json!({
            "published": 12, "underway": 1, "oldest_underway_ms": 40, "kept": 0, "kept_since": null,
            "queues": [{"queue": "mails", "underway": 1, "replaying": false, "waiting": 3}]
        });
        assert_eq!(serde_json::to_value(stats).expect("json"), expected);
    }
}
