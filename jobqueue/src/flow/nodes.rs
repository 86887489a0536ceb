//! The nodes of a flow, and where each is.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use serde::Serialize;

use super::{
    at::{FlowAt, Kind, Numbered},
    handle::FlowHandle,
    stream::FlowStream,
};
use crate::{
    client::Client,
    error::FlowError,
    job::{JobId, JobInfo, JobState, Member, NodeAddress, QueueName, WorkerId},
    store::flow::{FlowGroup, GroupQueue},
};

/// How many nodes of a group one call reads, and how many jobs of its queue.
pub(super) const NODES_AT_ONCE: u32 = 100;

/// A node of a flow: see [`FlowHandle::nodes`].
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NodeInfo {
    /// What it is called: its name, and its number if it is one of many.
    pub node: String,
    /// Its queue; none if it is a flow of its own.
    pub queue: Option<QueueName>,
    /// Its job, if it has or had one.
    pub job: Option<JobId>,
    /// Where it is; `Active` of a flow that runs. `None` if its queue doesn't have its job: that is on its way there, or its end on
    /// the way back; or the job was moved to another queue.
    pub state: Option<JobState>,
    /// When its present run was fetched, if it is active.
    pub started_at: Option<DateTime<Utc>>,
    /// The worker that runs it, if it is active.
    pub worker: Option<WorkerId>,
}

impl FlowGroup {
    /// The queue of one of its jobs.
    fn queue_of(&self, number: u32) -> Option<&QueueName> {
        match &self.queue {
            GroupQueue::Jobs(queue) => Some(queue),
            GroupQueue::Copies(queues) => queues.get(number as usize),
            GroupQueue::Flow(_) => None,
        }
    }

    fn is_flow(&self) -> bool {
        matches!(self.queue, GroupQueue::Flow(_))
    }

    /// How many of its nodes wait for their turn.
    pub(crate) fn unsent(&self) -> u32 {
        if self.over.is_some() { 0 } else { self.left.min(self.members.saturating_sub(self.sent)) }
    }

    /// Where a node is, as far as its flow knows: its job, and its state if that isn't its queue's
    /// affair.
    fn place(&self, address: &NodeAddress, kind: Kind) -> (Option<JobId>, Option<JobState>) {
        let number = address.member.number;
        let again = match kind {
            // Which of its jobs that was isn't known any more.
            Kind::Completed => return (None, Some(JobState::Completed)),
            Kind::Failed => return (None, Some(JobState::Failed)),
            Kind::Cancelled => return (None, Some(JobState::Cancelled)),
            Kind::Open(again) => again,
        };
        match self.over.filter(|over| over.first <= number) {
            Some(over) if over.failed => (None, Some(JobState::Failed)),
            Some(_) => (None, Some(JobState::Cancelled)),
            None if number >= self.sent => (None, Some(JobState::WaitingChildren)),
            None if self.is_flow() => (None, Some(JobState::Active)),
            None => (Some(address.job(again)), None),
        }
    }
}

impl FlowAt {
    /// Some nodes of a group, from one on. Queues are asked only of those that they may have.
    pub(super) async fn nodes(
        &self,
        client: &Client,
        (number, group): &Numbered,
        from: u32,
    ) -> Result<Vec<NodeInfo>, FlowError> {
        let most = group.members.saturating_sub(from).min(NODES_AT_ONCE);
        let kinds = self.kinds(Member { group: *number, number: from }, most).await?;
        let mut nodes: Vec<NodeInfo> = Vec::with_capacity(kinds.len());
        for (at, kind) in (from..).zip(kinds) {
            let member = Member { group: *number, number: at };
            let address = NodeAddress { key: self.key.clone(), member };
            let (job, state) = group.place(&address, kind);
            let (node, queue) = (group.label(member), group.queue_of(at).cloned());
            nodes.push(NodeInfo { node, queue, job, state, started_at: None, worker: None });
        }
        let mut open: BTreeMap<QueueName, Vec<JobId>> = BTreeMap::new();
        for NodeInfo { queue, job, .. } in &nodes {
            if let (Some(queue), Some(job)) = (queue, job) {
                open.entry(queue.clone()).or_default().push(job.clone());
            }
        }
        let found = jobs(client, open).await?;
        for node in &mut nodes {
            let Some(job) = node.job.as_ref().and_then(|id| found.get(id)) else { continue };
            node.state = Some(job.state);
            node.started_at = job.started_at;
            node.worker.clone_from(&job.worker);
        }
        Ok(nodes)
    }
}

/// These jobs, as far as their queues have them.
async fn jobs(
    client: &Client,
    open: BTreeMap<QueueName, Vec<JobId>>,
) -> Result<BTreeMap<JobId, JobInfo>, FlowError> {
    let asked = open.into_iter().map(|(queue, ids)| {
        let store = client.store().queue(&queue);
        async move {
            let jobs = store.read_jobs(&ids).await?;
            Ok::<_, FlowError>(ids.into_iter().zip(jobs).filter_map(|(id, job)| Some((id, job?))))
        }
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

impl<T> FlowHandle<T> {
    /// All nodes of the flow with their states, in an order in which each comes after those that it
    /// waits for. Their queues are asked, a hundred nodes a call.
    #[must_use]
    pub fn nodes(&self) -> FlowStream<NodeInfo> {
        let (at, client) = (self.at(), self.client().clone());
        let groups = at.groups();
        FlowStream::pages(
            (at, client, groups, None),
            |(at, client, mut groups, place)| async move {
                let (group, from): (Numbered, u32) = match place {
                    Some(place) => place,
                    None => match groups.next().await.transpose()? {
                        Some(group) => (group, 0),
                        None => return Ok(None),
                    },
                };
                let nodes = at.nodes(&client, &group, from).await?;
                let next = from + u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                let more = !nodes.is_empty() && next < group.1.members;
                Ok(Some((nodes, (at, client, groups, more.then_some((group, next))))))
            },
        )
    }
}
