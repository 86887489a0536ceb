//! Records that nothing leads to.

use serde::Serialize;

use crate::job::JobId;

/// Records of a queue whose jobs are in no state: see [`Client::orphans`](crate::Client::orphans).
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Orphans {
    /// How many records were looked at.
    pub looked_at: u64,
    /// The ids of those that are in no state.
    pub ids: Vec<JobId>,
}
