//! When a job ends at the latest.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// When a job ends at the latest, whatever its attempts. As JSON: `{"in_ms": 3600000}` or
/// `{"at": "2026-01-02T03:04:05Z"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// So long after it is due.
    #[serde(rename = "in_ms", serialize_with = "crate::json::millis")]
    In(Duration),
    /// At this time.
    At(DateTime<Utc>),
}

impl Deadline {
    /// As a time, for a job that is due then; none beyond all times.
    pub(crate) fn of(self, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::In(time) => due.checked_add_signed(TimeDelta::from_std(time).ok()?),
            Self::At(end) => Some(end),
        }
    }
}
