//! The queues that a flow has to do with.

use std::collections::BTreeSet;

use super::{at::FlowAt, handle::FlowHandle};
use crate::{
    error::FlowError,
    job::{FlowId, QueueName},
    store::flow::{FlowGroup, GroupQueue},
};

impl FlowGroup {
    /// The queues of its jobs, each once.
    pub(super) fn queues(&self) -> Vec<QueueName> {
        let all: BTreeSet<&QueueName> = match &self.queue {
            GroupQueue::Jobs(queue) => [queue].into(),
            GroupQueue::Copies(queues) => queues.iter().collect(),
            GroupQueue::Flow(_) => BTreeSet::new(),
        };
        all.into_iter().cloned().collect()
    }
}

impl<T> FlowHandle<T> {
    /// The queues of all its nodes, and of those of the flows within it: where a cancellation or a
    /// retry of the flow reaches jobs. Not those of jobs that follow from it, of children that its jobs
    /// have [spawned](crate::Context::spawn_children), and where single jobs were moved.
    ///
    /// # Errors
    /// [`FlowError::Gone`] if it isn't kept any more, and those of any call.
    pub async fn queues(&self) -> Result<BTreeSet<QueueName>, FlowError> {
        let (mut queues, mut open) = (BTreeSet::new(), vec![self.at()]);
        while let Some(at) = open.pop() {
            let mut groups = at.groups();
            while let Some(found) = groups.next().await {
                let (_, group) = found?;
                queues.extend(group.queues());
                if let GroupQueue::Flow(key) = group.queue {
                    let id = FlowId::of(&key);
                    open.push(FlowAt { home: at.home.clone(), key, id });
                }
            }
        }
        Ok(queues)
    }
}
