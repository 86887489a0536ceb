//! What became of a flow that was played.

use std::collections::{BTreeMap, BTreeSet};

/// A node: its group, and its number in that.
pub(super) type Node = (usize, usize);

/// Counts what happens outside of the scripts.
pub(super) type Time = u64;

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// When the first of a group was sent, or when it began without members.
    pub(super) begun: BTreeMap<usize, Time>,
    /// Nodes that were sent to their queue as jobs.
    pub(super) sent: BTreeSet<Node>,
    /// When a node's job ended, and how.
    pub(super) ended: BTreeMap<Node, (Time, End)>,
    /// Groups whose rest ended without a job.
    pub(super) over: BTreeMap<usize, Over>,
    /// When jobs of a group were to be cancelled.
    pub(super) asked: BTreeMap<usize, Time>,
    /// When the flow was cancelled.
    pub(super) cancelled: Option<Time>,
    /// Jobs that followed from the flow as a whole.
    pub(super) followed: Vec<String>,
    /// What is left of the rounds before.
    pub(super) before: Before,
    /// The flow's own fields.
    pub(super) fields: BTreeMap<String, String>,
}

/// What a flow that runs again has left of its earlier rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// Nodes that completed and don't run again.
    pub(super) kept: BTreeSet<Node>,
    /// Whether a node had failed for good that counts.
    pub(super) died: bool,
    /// Whether it had completed.
    pub(super) succeeded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Completed,
    Failed,
    Cancelled,
}

impl End {
    pub(super) fn outcome(self) -> &'static [u8] {
        match self {
            Self::Completed => b"\x93\x00\x00\xc0",
            Self::Failed => b"\x92\x01\xc0",
            Self::Cancelled => b"\x93\x03\xc0\xc0",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) time: Time,
    pub(super) first: usize,
    /// Whether a need has failed; else nobody needs it.
    pub(super) failed: bool,
}

impl Over {
    pub(super) fn read(time: Time, text: &str) -> Self {
        let mut words = text.split(' ');
        let first = words.next().and_then(|first| first.parse().ok()).expect("a number");
        Self { time, first, failed: words.next() == Some("4") }
    }
}

impl Facts {
    pub(super) fn number(&self, field: &str) -> usize {
        self.fields.get(field).map_or(0, |number| number.parse().expect("a number"))
    }
}
