//! What a worker says of itself.

use serde::{Deserialize, Serialize};

use super::process_info::ProcessInfo;

/// What a worker says of itself on one queue. MessagePack with names, opaque to Lua.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkerCard {
    /// The same on all queues of a worker.
    pub(crate) instance: String,
    pub(crate) process: ProcessInfo,
    /// Its program and version, as `lua/worker/identify.lua` looks for them.
    #[serde(default)]
    pub(crate) release: String,
    pub(crate) since_ms: i64,
    pub(crate) lease_ms: u64,
    pub(crate) handlers: Vec<String>,
    pub(crate) slots: u64,
    pub(crate) prefetch: u64,
    pub(crate) state: WorkerState,
}

/// What a worker does with its queue.
///
/// Serialized: `"working"`, `"paused"` or `"draining"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WorkerState {
    /// It fetches and runs.
    Working,
    /// It runs what it holds and fetches nothing, until it is
    /// [resumed](crate::WorkerHandle::resume).
    Paused,
    /// It runs what it holds, and ends.
    Draining,
}

impl WorkerCard {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Texts and numbers into memory: nothing here can refuse.
        rmp_serde::to_vec_named(self).unwrap_or_default()
    }

    /// None if another version of this library has written it in another way.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        rmp_serde::from_slice(bytes).ok()
    }
}
