//! A server as monitoring sees it: what decides whether jobs are safe there, and how it fares.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

/// A server, or one master of a cluster, at one moment: see
/// [`Client::server_reports`](crate::Client::server_reports).
///
/// What it doesn't tell is `None`, and [`hidden`](Self::hidden) says why.
///
/// Serialized: its fields, under their names, with `_ms` where they are durations.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ServerReport {
    /// Where it is, without user and password.
    pub address: String,
    /// `redis` or `valkey`.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Whether this library works with that version.
    pub supported: Option<bool>,
    /// Whether it is a replica, which takes no writes.
    pub is_replica: Option<bool>,
    /// How many replicas it has.
    pub replicas: Option<u64>,
    /// What it does when it is full: its `maxmemory-policy`.
    pub eviction: Option<String>,
    /// How much memory it uses.
    pub memory: Option<ServerMemory>,
    /// What a crash may lose.
    pub persistence: Option<Persistence>,
    /// Why it runs no scripts; `None` if it does.
    pub scripts_refused: Option<String>,
    /// How far its clock is ahead of this process's, below zero if it is behind. Right within half of
    /// the time that the question took.
    #[serde(rename = "clock_ahead_ms", serialize_with = "delta")]
    pub clock_ahead: Option<TimeDelta>,
    /// Its newest slow calls, at most 32, the newest first.
    pub slow_calls: Option<Vec<SlowCall>>,
    /// What couldn't be looked at.
    pub hidden: Vec<Hidden>,
}

/// The memory of a server, in bytes.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ServerMemory {
    /// What its data and buffers take.
    pub used: u64,
    /// What it may use; `None` for all there is.
    pub limit: Option<u64>,
    /// What it has from the operating system.
    pub resident: Option<u64>,
    /// How much of that is used, as it reckons: 1.5 are half as much again as is used.
    pub fragmentation: Option<f64>,
}

/// How a server keeps its data.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Persistence {
    /// Whether it writes each change to a file.
    pub append_only: bool,
    /// How often that reaches the disk: `always`, `everysec` or `no`.
    pub fsync: Option<String>,
    /// Whether it makes snapshots by itself.
    pub snapshots: Option<bool>,
    /// What failed when it last wrote: the file of changes, or a snapshot.
    pub failed: Option<String>,
}

/// A call that took long.
///
/// Serialized: its fields, under their names, with `took_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SlowCall {
    /// When it was made, by the server's clock.
    pub at: DateTime<Utc>,
    /// How long the server was at it.
    #[serde(rename = "took_ms", serialize_with = "crate::json::millis")]
    pub took: Duration,
    /// The command, without what it was given: `EVALSHA`.
    pub command: String,
}

/// What couldn't be looked at.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hidden {
    /// The command that was refused: `CONFIG GET`.
    pub command: &'static str,
    /// Why.
    pub why: String,
    /// Whether a right is missing; otherwise the server has no such command, or can't carry it out.
    pub forbidden: bool,
}

/// How much memory a key of a queue takes.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeySize {
    /// What it holds: `jobs`, `outcomes`, `events`.
    pub key: &'static str,
    /// Its bytes, estimated from some of its parts.
    pub bytes: u64,
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn delta<S: Serializer>(delta: &Option<TimeDelta>, to: S) -> Result<S::Ok, S::Error> {
    delta.map(|delta| delta.num_milliseconds()).serialize(to)
}
