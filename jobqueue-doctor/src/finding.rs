//! What is found.

use std::{fmt, time::Duration};

use jobqueue::{
    QueueName,
    types::{DateTime, Utc},
};
use serde::Serialize;

/// Something that is wrong.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Which check has found it.
    pub check: Check,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What was found: "maxmemory-policy is allkeys-lru".
    pub what: String,
    /// What that means: "a full server deletes jobs without a word".
    pub means: String,
    /// What mends it: a command, or what to do.
    pub mend: String,
    /// Since when it is so, as far as that is known.
    pub since: Option<DateTime<Utc>>,
}

impl Finding {
    pub(crate) fn new(
        check: Check,
        severity: Severity,
        subject: Subject,
        [what, means, mend]: [String; 3],
    ) -> Self {
        Self { check, severity, subject, what, means, mend, since: None }
    }

    pub(crate) fn since(mut self, since: Option<DateTime<Utc>>) -> Self {
        self.since = since;
        self
    }
}

/// What is looked at.
///
/// Serialized: its name in `snake_case`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Check {
    /// What a full server does.
    Eviction,
    /// What a crash of the server loses.
    Persistence,
    /// Whether there is a second copy, and whether this server takes writes.
    Replicas,
    /// Whether the server has the commands that are needed.
    Version,
    /// Whether the server runs scripts.
    Scripts,
    /// How full the server is, and how much of it is air.
    Memory,
    /// Whether clocks agree.
    Clock,
    /// Whether calls took long.
    SlowLog,
    /// Whether a key has grown large.
    BigKeys,
    /// Whether jobs are held by workers that are gone.
    Leases,
    /// Whether records of jobs are left that no state leads to.
    Orphans,
    /// Whether effects on other queues arrive.
    Outbox,
    /// Whether somebody reads dead letters.
    DeadLetters,
    /// Whether somebody works on a queue that has jobs.
    Workers,
    /// Whether a queue was paused and forgotten.
    Paused,
    /// Whether somebody looks after schedules.
    Schedules,
    /// Whether a queue's layout is one that this version knows.
    Layout,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Eviction,
        Self::Persistence,
        Self::Replicas,
        Self::Version,
        Self::Scripts,
        Self::Memory,
        Self::Clock,
        Self::SlowLog,
        Self::BigKeys,
        Self::Leases,
        Self::Orphans,
        Self::Outbox,
        Self::DeadLetters,
        Self::Workers,
        Self::Paused,
        Self::Schedules,
        Self::Layout,
    ];

    /// Its name, in a word or two.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eviction => "eviction",
            Self::Persistence => "persistence",
            Self::Replicas => "replicas",
            Self::Version => "version",
            Self::Scripts => "scripts",
            Self::Memory => "memory",
            Self::Clock => "clock",
            Self::SlowLog => "slow log",
            Self::BigKeys => "big keys",
            Self::Leases => "leases",
            Self::Orphans => "orphans",
            Self::Outbox => "outbox",
            Self::DeadLetters => "dead letters",
            Self::Workers => "workers",
            Self::Paused => "paused",
            Self::Schedules => "schedules",
            Self::Layout => "layout",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How bad something is; the worst is the greatest.
///
/// Serialized: its name in `snake_case`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Note,
    /// It should be mended.
    Warning,
    /// Jobs are lost or stand still, or will.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What a finding is about.
///
/// Serialized: `{"server": "127.0.0.1:6379"}` or `{"queue": "orders"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// A server, by its address.
    Server(String),
    /// A queue.
    Queue(QueueName),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(address) => f.pad(address),
            Self::Queue(queue) => f.pad(queue.as_str()),
        }
    }
}

/// A time as people say it: `6 m`, `2 d`.
pub(crate) fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A number and what it counts: `1 job`, `2 jobs`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_fits() {
        let said = |seconds| long(Duration::from_secs(seconds));
        assert_eq!([0, 59, 60, 7_200, 259_200].map(said), ["0 ms", "59 s", "1 m", "2 h", "3 d"]);
        assert_eq!([count(1, "job"), count(0, "job")], ["1 job", "0 jobs"]);
    }
}
