//! The answer to a publish.

use serde::Serialize;

use crate::job::JobId;

/// Where a published message goes.
///
/// Serialized: `{"id": "01J…", "targets": 2, "alternate": false}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    pub(super) id: JobId,
    pub(super) targets: usize,
    pub(super) alternate: bool,
}

impl Receipt {
    /// The message's id. It is also the id of each copy's job, followed by a suffix if the binding
    /// names the job.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// How many copies go to bound queues.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Whether no binding matches the message. It is lost then, unless it went to the
    /// [alternate queue](Self::went_to_alternate) or is [kept](super::Topic::keep).
    #[must_use]
    pub fn is_unroutable(&self) -> bool {
        self.targets == 0
    }

    /// Whether it went to the topic's alternate queue, since no binding matches it.
    #[must_use]
    pub fn went_to_alternate(&self) -> bool {
        self.alternate
    }
}
