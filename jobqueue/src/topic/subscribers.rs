//! Who gets a message, asked now.

use std::collections::BTreeMap;

use super::{Topic, binding::Route};
use crate::{
    error::Result,
    job::{JobName, QueueName},
    policy::RoutingKey,
};

/// A queue that gets a message, and the name of its job there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subscriber {
    pub(crate) queue: QueueName,
    pub(crate) job: JobName,
}

impl Topic {
    /// Who gets a message of this routing key and these headers, each once, in order.
    pub(crate) async fn subscribers(
        &self,
        key: &RoutingKey,
        headers: &BTreeMap<String, String>,
    ) -> Result<Vec<Subscriber>> {
        let mut found = Vec::new();
        for binding in self.bindings().await? {
            if Route::of(&binding)?.matches(key, headers) {
                let job = binding.job.map_or_else(|| key.as_str().parse(), Ok)?;
                found.push(Subscriber { queue: binding.queue, job });
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}
