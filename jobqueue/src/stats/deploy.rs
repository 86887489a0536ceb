//! When a version of a program came.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// When a version of a program began to work on a queue: see [`History::deploys`](super::History).
///
/// It begins with its first worker, and again if it comes back after another version. It doesn't
/// while workers of it are there, as in a rolling deployment.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deploy {
    /// When its first worker came, by the server's clock.
    pub at: DateTime<Utc>,
    /// The program, as its [client says](crate::ClientBuilder::program).
    pub program: String,
    /// Its version; empty if it doesn't say one.
    pub version: String,
}
