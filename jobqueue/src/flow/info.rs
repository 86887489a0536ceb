//! What is known of flows.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{at::FlowAt, handle::FlowHandle, stream::FlowStream};
use crate::{
    error::FlowError,
    job::{FlowId, FlowState, Member},
    queue::Queue,
    store::flow::{FlowRecord, Page},
};

/// A flow in numbers: see [`Queue::flows`].
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FlowSummary {
    /// Its id.
    pub id: FlowId,
    /// Its state.
    pub state: FlowState,
    /// How many nodes it has.
    pub nodes: u32,
    /// Of them, those that have not ended.
    pub pending: u32,
    /// Those that completed.
    pub completed: u32,
    /// Those that failed, or that could not run since one that they needed had failed.
    pub failed: u32,
    /// Those that were cancelled, or that nobody needs any more.
    pub cancelled: u32,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When it ended, if it has.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it ends at the latest, if it has a deadline.
    pub deadline: Option<DateTime<Utc>>,
}

/// All that is known of a flow as a whole: see [`FlowHandle::info`].
///
/// Serialized: its fields, under their names, and those of the summary among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FlowInfo {
    /// Its state, its times, and its nodes in numbers.
    #[serde(flatten)]
    pub summary: FlowSummary,
    /// Nodes whose turn hasn't come: those that are
    /// [`WaitingChildren`](crate::JobState::WaitingChildren).
    pub waiting_children: u32,
    /// Nodes whose jobs are in their queues, or on their way there.
    pub queued: u32,
    /// The node that failed it; if its root has not failed, the first that did.
    pub cause: Option<String>,
}

impl FlowSummary {
    pub(super) fn of(record: &FlowRecord) -> Self {
        Self {
            id: record.id.clone(),
            state: record.state,
            nodes: record.nodes,
            // While a flow begins to run again, it counts one more.
            pending: record.left.min(record.nodes),
            completed: record.completed,
            failed: record.failed,
            cancelled: record.cancelled,
            created_at: record.created_at,
            ended_at: record.ended_at,
            deadline: record.deadline,
        }
    }
}

impl FlowAt {
    /// What a node is called.
    pub(super) async fn label(&self, member: Member) -> Result<String, FlowError> {
        let (_, groups) = self.read((member.group, 1)).await?;
        Ok(groups.first().map_or_else(|| member.to_string(), |group| group.label(member)))
    }
}

impl<T> FlowHandle<T> {
    /// The flow's state, its nodes by their states, its times, and what failed it.
    ///
    /// # Errors
    /// [`FlowError::Gone`] if it isn't kept any more, and those of any call.
    pub async fn info(&self) -> Result<FlowInfo, FlowError> {
        let at = self.at();
        let (mut waiting_children, mut queued, mut groups) = (0, 0, at.groups());
        while let Some(group) = groups.next().await {
            let (_, group) = group?;
            waiting_children += group.unsent();
            queued += group.left.saturating_sub(group.unsent());
        }
        // Last, so that it isn't older than what it is compared with.
        let record = at.record().await?;
        let cause = match record.cause {
            Some(cause) => Some(at.label(cause).await?),
            None => None,
        };
        Ok(FlowInfo { summary: FlowSummary::of(&record), waiting_children, queued, cause })
    }
}

impl Queue {
    /// The flows whose home this queue is, in no order. One that starts or ends meanwhile may come
    /// twice or not at all.
    #[must_use]
    pub fn flows(&self) -> FlowStream<FlowSummary> {
        let start = (self.store().clone(), Some(0));
        FlowStream::pages(start, |(store, cursor)| async move {
            let Some(cursor) = cursor else { return Ok(None) };
            let (next, flows) = store.call_retrying(&Page { cursor }).await?;
            let flows = flows.iter().map(FlowSummary::of).collect();
            Ok(Some((flows, (store, (next != 0).then_some(next)))))
        })
    }
}
