//! What happens in a flow, as it happens.

use std::{collections::HashMap, time::Duration};

use serde::Serialize;
use tokio::time::timeout;

use super::{at::FlowAt, handle::FlowHandle, stream::FlowStream};
use crate::{
    error::FlowError,
    event::{Event, EventKind, EventStream},
    job::{FlowState, JobId, JobState, NodeAddress},
    store::flow::FlowGroup,
};

/// Something that happened in a flow: see [`FlowHandle::events`].
///
/// Serialized: `{"kind": "node_ended", "node": "pages 3", "state": "completed"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowEvent {
    /// A node's job has ended.
    NodeEnded {
        /// What the node is called.
        node: String,
        /// `Completed`, `Failed` or `Cancelled`.
        state: JobState,
    },
    /// This node ended without a job, and all those of many after it: one that it needed has failed,
    /// or nobody needs it any more.
    NodesSkipped {
        /// What the first of them is called.
        node: String,
    },
    /// The flow has ended. Nothing follows.
    Ended {
        /// How.
        state: FlowState,
    },
}

/// How soon it looks by itself whether the flow has ended: events are trimmed, and a queue may keep
/// none.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Follows the events of a flow's home.
struct Follow {
    at: FlowAt,
    events: EventStream,
    /// Groups that were asked for: their names.
    groups: HashMap<u32, FlowGroup>,
    is_first: bool,
    has_ended: bool,
}

impl Follow {
    async fn next(&mut self) -> Result<Vec<FlowEvent>, FlowError> {
        loop {
            if std::mem::take(&mut self.is_first) {
                let ended = self.look().await?;
                if !ended.is_empty() {
                    return Ok(ended);
                }
            }
            let found = match timeout(LOOK_AGAIN, self.events.next()).await {
                Ok(Some(event)) => self.read(&event?).await?,
                Ok(None) | Err(_) => self.look().await?,
            };
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Whether the flow has ended.
    async fn look(&mut self) -> Result<Vec<FlowEvent>, FlowError> {
        let state = self.at.record().await?.state;
        self.has_ended = state.is_final();
        Ok(if self.has_ended { vec![FlowEvent::Ended { state }] } else { Vec::new() })
    }

    /// What an event of the home says of the flow.
    async fn read(&mut self, event: &Event) -> Result<Vec<FlowEvent>, FlowError> {
        let state = match event.kind {
            EventKind::NodeCompleted => Some(JobState::Completed),
            EventKind::NodeFailed => Some(JobState::Failed),
            EventKind::NodeCancelled => Some(JobState::Cancelled),
            EventKind::NodeSkipped => None,
            EventKind::Flow if event.jobs.iter().any(|id| id.as_str() == self.at.key.as_str()) => {
                return self.look().await;
            }
            _ => return Ok(Vec::new()),
        };
        let mut found = Vec::new();
        for id in &event.jobs {
            if let Some(node) = self.label(id).await? {
                found.push(match state {
                    Some(state) => FlowEvent::NodeEnded { node, state },
                    None => FlowEvent::NodesSkipped { node },
                });
            }
        }
        Ok(found)
    }

    /// What the node of a job is called, if it is one of the flow.
    async fn label(&mut self, id: &JobId) -> Result<Option<String>, FlowError> {
        let Some(node) = NodeAddress::of(id).filter(|node| node.key == self.at.key) else {
            return Ok(None);
        };
        let number = node.member.group;
        if !self.groups.contains_key(&number) {
            let (_, groups) = self.at.read((number, 1)).await?;
            self.groups.extend(groups.into_iter().next().map(|group| (number, group)));
        }
        Ok(self.groups.get(&number).map(|group| group.label(node.member)))
    }
}

impl<T> FlowHandle<T> {
    /// What happens in the flow from now on: nodes that end, and at last the end of the flow, after
    /// which there is nothing more. Of a flow that has ended, that alone.
    ///
    /// It reads the events of the flow's home, as [`Queue::events`](crate::Queue::events) does. They are kept for a while:
    /// one that isn't polled in time misses some, but never the end.
    ///
    /// # Errors
    /// Those of any call. Items are [`FlowError::Gone`] if the flow goes meanwhile.
    pub async fn events(&self) -> Result<FlowStream<FlowEvent>, FlowError> {
        let at = self.at();
        let events = EventStream::opened(self.client().shared(), &at.home).await?;
        let follow =
            Follow { at, events, groups: HashMap::new(), is_first: true, has_ended: false };
        Ok(FlowStream::pages(follow, |mut follow| async move {
            if follow.has_ended {
                return Ok(None);
            }
            let found = follow.next().await?;
            Ok(Some((found, follow)))
        }))
    }
}
