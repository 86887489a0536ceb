//! Unique keys.

use std::time::Duration;

use serde::Serialize;

/// A key that stands for at most one job of a queue at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UniqueKey {
    /// The key.
    pub key: String,
    /// For how long after the add it is taken; `None`: until the job ends.
    #[serde(rename = "lifetime_ms", serialize_with = "crate::json::maybe_millis")]
    pub lifetime: Option<Duration>,
}

impl UniqueKey {
    pub(crate) fn new(key: String, lifetime: Option<Duration>) -> Self {
        Self { key, lifetime }
    }
}
