//! The stream of a queue's events.

use std::{
    fmt,
    pin::Pin,
    str::FromStr,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};

#[cfg(feature = "testing")]
use super::feed::PAGE;
use super::{feed::Feeds, listener::Listener};
use crate::{
    error::Result,
    job::{Codec, JobId, progress_as_json},
    store::{Entry, QueueStore, StreamPosition},
    value_error::{Invalid, PayloadError},
};

/// One thing that happened to jobs of a queue, in one atomic step.
///
/// Serialized: `{"id": "1767323045000-0", "kind": "completed", "jobs": ["01J…", …]}`, and
/// `"progress"` as JSON where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Its position in the stream, to continue from later.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// The jobs; none if it happened to the queue as a whole.
    pub jobs: Vec<JobId>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "progress_as_json")]
    progress: Option<Bytes>,
}

impl Event {
    /// The progress that a handler reported, as this type. `None` for other kinds of events, and
    /// for a progress of more than 1 KiB, which [`JobHandle::info`](crate::JobHandle::info) has.
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn progress<T: DeserializeOwned>(&self) -> std::result::Result<Option<T>, PayloadError> {
        self.progress.as_ref().map(|bytes| Codec::MessagePack.decode(bytes)).transpose()
    }
}

/// What happened.
///
/// Serialized: its name, such as `"completed"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// Jobs were added.
    Added,
    /// Jobs became ready: they were due, promoted, or run again.
    Waiting,
    /// Jobs that wait have other payloads or options: they were [edited](crate::JobHandle::edit), or
    /// others were added with their [unique](crate::Unique) keys.
    Replaced,
    /// A job's due time was changed.
    Delayed,
    /// A worker fetched jobs.
    Active,
    /// A handler reported progress.
    Progress,
    /// Jobs completed.
    Completed,
    /// Jobs failed for good.
    Failed,
    /// Jobs ended as cancelled.
    Cancelled,
    /// Attempts failed, and the jobs will be retried.
    Retrying,
    /// Jobs went back to the queue, and the run doesn't count as an attempt.
    Released,
    /// Jobs wait without a run until their handlers can go on.
    Suspended,
    /// Jobs wait without a run for the end of their children.
    WaitingChildren,
    /// The jobs' worker died or lost its lease.
    Stalled,
    /// Jobs were removed.
    Removed,
    /// A flow whose home the queue is has ended, or its root has, or it runs again.
    Flow,
    /// Nodes of such flows have completed. Of these the event names the jobs, which are in other
    /// queues perhaps; see [`FlowHandle::events`](crate::FlowHandle::events).
    NodeCompleted,
    /// Nodes of such flows have failed for good.
    NodeFailed,
    /// Nodes of such flows were cancelled.
    NodeCancelled,
    /// From this node on, those of its group have ended without a job.
    NodeSkipped,
    /// The queue was paused.
    Paused,
    /// The queue was resumed.
    Resumed,
    /// An event that only a newer version of this library knows.
    #[serde(other)]
    Other,
}

impl EventKind {
    const NAMES: [(Self, &'static str); 22] = [
        (Self::Added, "added"),
        (Self::Waiting, "waiting"),
        (Self::Replaced, "replaced"),
        (Self::Delayed, "delayed"),
        (Self::Active, "active"),
        (Self::Progress, "progress"),
        (Self::Completed, "completed"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
        (Self::Retrying, "retrying"),
        (Self::Released, "released"),
        (Self::Suspended, "suspended"),
        (Self::WaitingChildren, "waiting_children"),
        (Self::Stalled, "stalled"),
        (Self::Removed, "removed"),
        (Self::Flow, "flow"),
        (Self::NodeCompleted, "node_completed"),
        (Self::NodeFailed, "node_failed"),
        (Self::NodeCancelled, "node_cancelled"),
        (Self::NodeSkipped, "node_skipped"),
        (Self::Paused, "paused"),
        (Self::Resumed, "resumed"),
    ];

    /// The kind as a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, name)| name)
    }

    fn from_name(text: &str) -> Self {
        Self::NAMES.iter().find(|(_, name)| *name == text).map_or(Self::Other, |(kind, _)| *kind)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A position in a queue's stream of events. Store it as text to continue from there later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventId(StreamPosition);

impl EventId {
    /// The position before all events that are kept.
    #[must_use]
    pub fn beginning() -> Self {
        Self(StreamPosition("0-0".to_owned()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        id.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for EventId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        let well_formed = id
            .split_once('-')
            .is_some_and(|(ms, seq)| ms.parse::<u64>().is_ok() && seq.parse::<u64>().is_ok());
        if !well_formed {
            return Err(Invalid::new("event id", id, "use the id of an event"));
        }
        Ok(Self(StreamPosition(id.to_owned())))
    }
}

#[cfg(feature = "testing")]
impl Event {
    /// All that are kept.
    pub(crate) async fn all(store: &QueueStore) -> Result<Vec<Self>> {
        let (mut all, mut from) = (Vec::<Self>::new(), EventId::beginning());
        loop {
            let page = store.stream_so_far(&from.0, PAGE).await?;
            all.extend(page.into_iter().map(Self::from));
            match all.last() {
                Some(last) if last.id != from => from = last.id.clone(),
                _ => return Ok(all),
            }
        }
    }
}

impl From<Entry> for Event {
    fn from(entry: Entry) -> Self {
        Self {
            id: EventId(entry.position),
            kind: EventKind::from_name(&entry.kind),
            jobs: entry.ids,
            progress: entry.progress,
        }
    }
}

/// The events of a queue, as a [`Stream`] that never ends.
///
/// All streams of a client share one connection for each queue, and one reader: a hundred of them
/// cost Redis as much as one. It is closed within five seconds after the last of them. A stream that
/// is polled so seldom that it falls 128 entries behind reads what it missed by itself, so it may
/// take its time as long as events are kept.
///
/// After an outage of Redis it continues where it was; events that were trimmed meanwhile are
/// missing. Errors that a retry can't solve are items.
///
/// ```no_run
/// # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
/// let mut events = orders.events();
/// while let Some(event) = events.next().await {
///     let event = event?;
///     println!("{}: {:?}", event.kind, event.jobs);
/// }
/// # Ok(())
/// # }
/// ```
pub struct EventStream(Pin<Box<dyn Stream<Item = Result<Event>> + Send>>);

impl EventStream {
    pub(crate) fn from_now(feeds: &Feeds, store: &QueueStore) -> Self {
        Self::open(feeds, store, None)
    }

    pub(crate) fn after(feeds: &Feeds, store: &QueueStore, id: &EventId) -> Self {
        Self::open(feeds, store, Some(id.0.clone()))
    }

    /// From now on, also if it is polled later.
    pub(crate) async fn opened(feeds: &Feeds, store: &QueueStore) -> Result<Self> {
        let end = store.stream_end().await?;
        Ok(Self::open(feeds, store, Some(end)))
    }

    fn open(feeds: &Feeds, store: &QueueStore, position: Option<StreamPosition>) -> Self {
        let listener = Listener::new(feeds.clone(), store.clone(), position);
        Self(Box::pin(stream::unfold(listener, |mut listener| async move {
            let item = listener.next().await.map(|entry| Event::from(Arc::unwrap_or_clone(entry)));
            Some((item, listener))
        })))
    }

    /// The next event; never `None`. Its future may be dropped at any time, as by a `select!`:
    /// no event is missed by that.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        self.0.next().await
    }
}

impl Stream for EventStream {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_json() {
        let event = Event {
            id: "1767323045000-0".parse().expect("a good id"),
            kind: EventKind::Completed,
            jobs: vec!["job-1".parse().expect("a good id")],
            progress: None,
        };
        let json = serde_json::json!({
            "id": "1767323045000-0", "kind": "completed", "jobs": ["job-1"]
        });
        assert_eq!(serde_json::to_value(&event).expect("json"), json);
        let progress = Codec::MessagePack.encode(&(3, 7)).expect("encoded");
        let told = Event { kind: EventKind::Progress, progress: Some(progress.into()), ..event };
        assert_eq!(told.progress::<(u8, u8)>().expect("of this type"), Some((3, 7)));
        assert!(told.progress::<String>().is_err());
        let json = serde_json::to_value(told).expect("json");
        assert_eq!(json["progress"], serde_json::json!([3, 7]));
        assert!(serde_json::from_str::<EventId>("\"7\"").is_err());
    }

    #[test]
    fn serialized_kinds_have_their_names() {
        for (kind, name) in EventKind::NAMES {
            assert_eq!(serde_json::to_value(kind).expect("json"), name);
        }
        let newer: EventKind = serde_json::from_str("\"teleported\"").expect("any kind");
        assert_eq!(newer, EventKind::Other);
    }
}
