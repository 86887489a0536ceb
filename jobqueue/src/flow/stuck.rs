//! What a flow waits for.

use std::collections::{BTreeMap, btree_map::Entry};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    at::{FlowAt, Numbered},
    handle::FlowHandle,
    nodes::NodeInfo,
};
use crate::{
    error::FlowError,
    job::{JobState, QueueCounts, QueueName},
};

/// The most nodes that are named.
const MOST: usize = 100;

/// A node that a flow waits for: see [`FlowHandle::stuck`].
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Blocker {
    /// The node, its queue, its job, and where that is.
    #[serde(flatten)]
    pub node: NodeInfo,
    /// Since when: that its run was fetched if it is active; else that all that it waits for had
    /// ended.
    pub since: DateTime<Utc>,
    /// How many workers its queue has, and receives that wait: if it is 0, nobody will run it. None of
    /// a node that is a flow: ask that.
    pub workers: Option<u64>,
    /// Whether its queue is paused.
    pub paused: bool,
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let NodeInfo { node, queue, state, .. } = &self.node;
        let state = state.map_or("not found", JobState::as_str);
        let since = self.since.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        match queue {
            Some(queue) => write!(f, "{node} in queue {queue} is {state} since {since}")?,
            None => write!(f, "{node}, a flow, is {state} since {since}")?,
        }
        match (self.paused, self.workers) {
            (true, _) => f.write_str("; the queue is paused"),
            (_, Some(0)) => f.write_str("; the queue has no worker"),
            _ => Ok(()),
        }
    }
}

impl FlowAt {
    /// When all that a group waits for had ended.
    fn ready_at(&self, all: &[Numbered], group: &Numbered, start: DateTime<Utc>) -> DateTime<Utc> {
        let needs = group.1.needs.iter();
        let needs = needs.filter_map(|need| all.get(need.group as usize)?.1.done);
        needs.map(|(at, _)| at).max().unwrap_or(start).max(start)
    }
}

impl<T> FlowHandle<T> {
    /// The nodes that the flow waits for: those whose turn has come and that have not ended, each with
    /// where its job is, since when, and whether anybody serves its queue. At most a hundred; none if
    /// the flow has ended.
    ///
    /// ```no_run
    /// # async fn example(flow: jobqueue::FlowHandle<()>) -> Result<(), jobqueue::flow::FlowError> {
    /// for blocker in flow.stuck().await? {
    ///     println!("{blocker}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`FlowError::Gone`] if it isn't kept any more, and those of any call.
    pub async fn stuck(&self) -> Result<Vec<Blocker>, FlowError> {
        let at = self.at();
        let record = at.record().await?;
        let all = at.groups().all().await?;
        let (mut blockers, mut queues) = (Vec::new(), BTreeMap::new());
        for group in all.iter().filter(|(_, group)| group.left > group.unsent()) {
            let ready_at = at.ready_at(&all, group, record.created_at);
            let mut from = 0;
            while blockers.len() < MOST && from < group.1.sent {
                let nodes = at.nodes(self.client(), group, from).await?;
                if nodes.is_empty() {
                    break;
                }
                from += u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                let open = |node: &NodeInfo| node.state.is_none_or(|state| !state.is_final());
                for node in nodes.into_iter().filter(open) {
                    let counts = match &node.queue {
                        Some(queue) => Some(self.counts(&mut queues, queue).await?),
                        None => None,
                    };
                    let since = node.started_at.unwrap_or(ready_at);
                    let workers = counts.map(|counts| counts.workers);
                    let paused = counts.is_some_and(|counts| counts.paused);
                    blockers.push(Blocker { node, since, workers, paused });
                }
            }
        }
        blockers.truncate(MOST);
        Ok(blockers)
    }

    /// The counts of a queue, asked once.
    async fn counts(
        &self,
        known: &mut BTreeMap<QueueName, QueueCounts>,
        queue: &QueueName,
    ) -> Result<QueueCounts, FlowError> {
        Ok(match known.entry(queue.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(self.client().queue(queue.as_str())?.counts().await?),
        })
    }
}
