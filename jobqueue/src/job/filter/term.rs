//! The conditions of a filter.

use std::{cmp::Ordering, fmt};

use super::{length::Length, moment::Moment};
use crate::job::{job_failure::FailureReason, path::Path, state::JobState, value::Value};

/// One condition, or what must not be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) negated: bool,
    pub(super) test: Test,
}

/// What is asked of a job. Of several values, one must fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    State(Vec<JobState>),
    Kind(Vec<FailureReason>),
    Text(TextKey, Vec<TextMatch>),
    Header(String, Vec<TextMatch>),
    Number(NumberKey, Comparison, Vec<i64>),
    Time(TimeKey, Comparison, Vec<TimeValue>),
    Length(LengthKey, Comparison, Vec<Length>),
    /// A field of the payload or of the result.
    Field(Document, Path, FieldMatch),
    /// A word without a key: an id, or in a name or an error.
    Word(String),
}

impl Test {
    /// What one job's record tells, as far as anything tells of it.
    pub(super) fn source(&self) -> Source {
        match self {
            Self::State(_) => Source::State,
            Self::Text(TextKey::Queue, _) => Source::Queue,
            Self::Text(TextKey::Id | TextKey::Flow, _) => Source::Id,
            Self::Text(TextKey::Worker | TextKey::Error, _)
            | Self::Kind(_)
            | Self::Number(..)
            | Self::Length(..)
            | Self::Word(_)
            | Self::Field(Document::Result, ..) => Source::Life,
            Self::Time(TimeKey::Added, ..) | Self::Text(..) | Self::Header(..) => Source::Record,
            Self::Time(..) => Source::Life,
            Self::Field(Document::Payload, ..) => Source::Payload,
        }
    }
}

/// Where a condition looks, the cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Queue,
    /// The set in which a job is found; it is looked for by its states.
    State,
    Id,
    Record,
    /// What has become of it: it is read in full.
    Life,
    Payload,
}

/// What has texts, by its key in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextKey {
    Id,
    Name,
    Queue,
    Worker,
    Error,
    Tag,
    Group,
    Trace,
    Flow,
    Schedule,
}

impl TextKey {
    pub(super) const ALL: [(Self, &'static str); 10] = [
        (Self::Id, "id"),
        (Self::Name, "name"),
        (Self::Queue, "queue"),
        (Self::Worker, "worker"),
        (Self::Error, "error"),
        (Self::Tag, "tag"),
        (Self::Group, "group"),
        (Self::Trace, "trace"),
        (Self::Flow, "flow"),
        (Self::Schedule, "schedule"),
    ];

    /// Whether `:` asks for a part of the text. Names and ids are asked for as a whole: what is done
    /// to all that a filter means is not to reach further than it reads.
    pub(super) fn by_part(self) -> bool {
        matches!(self, Self::Worker | Self::Error)
    }

    /// Whether a job may have none.
    pub(super) fn may_be_missing(self) -> bool {
        !matches!(self, Self::Id | Self::Name | Self::Queue)
    }
}

/// How a text must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TextMatch {
    Is(String),
    Has(String),
    Begins(String),
    /// There is one.
    Exists,
}

impl TextMatch {
    pub(super) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Is(wanted) => text == wanted,
            Self::Has(part) => text.contains(part),
            Self::Begins(begin) => text.starts_with(begin),
            Self::Exists => true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberKey {
    Priority,
    Attempts,
}

impl NumberKey {
    pub(super) const ALL: [(Self, &'static str); 2] =
        [(Self::Priority, "priority"), (Self::Attempts, "attempts")];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeKey {
    Added,
    Due,
    Started,
    Ended,
}

impl TimeKey {
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::Added, "added"),
        (Self::Due, "due"),
        (Self::Started, "started"),
        (Self::Ended, "ended"),
    ];
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TimeValue {
    /// So long ago; of a due time, in so long.
    Away(Length),
    At(Moment),
    /// At any time.
    Exists,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LengthKey {
    Waited,
    Ran,
}

impl LengthKey {
    pub(super) const ALL: [(Self, &'static str); 2] =
        [(Self::Waited, "waited"), (Self::Ran, "ran")];
}

/// What has fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    Payload,
    Result,
}

impl Document {
    pub(super) const ALL: [(Self, &'static str); 2] =
        [(Self::Payload, "payload"), (Self::Result, "result")];
}

/// How a field must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldMatch {
    /// One of these values, exactly.
    Is(Vec<Value>),
    Like(Vec<Likeness>),
    /// A number or a text, in an order with one of these.
    Order(Comparison, Vec<Value>),
}

/// How a field is, as people ask.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Likeness {
    /// A text with this in it, or a number, `true` or `false` that is written so.
    Has(String),
    Begins(String),
    /// It is there, and no `null`.
    Exists,
}

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    NotMore,
    More,
    NotLess,
}

impl Comparison {
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::NotMore => order.is_le(),
            Self::More => order.is_gt(),
            Self::NotLess => order.is_ge(),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => ":",
            Self::Less => "<",
            Self::NotMore => "<=",
            Self::More => ">",
            Self::NotLess => ">=",
        })
    }
}

/// The word that asks whether there is something at all.
pub(super) const EXISTS: &str = "exists";

/// How a kind of failure is written.
pub(super) fn kind_name(reason: FailureReason) -> String {
    reason.as_str().replace(' ', "_")
}

/// The name of a key.
pub(super) fn name_of<K: Copy + PartialEq>(all: &[(K, &'static str)], key: K) -> &'static str {
    all.iter().find(|(each, _)| *each == key).map_or("", |(_, name)| name)
}

/// The key of a name.
pub(super) fn key_of<K: Copy>(all: &[(K, &'static str)], name: &str) -> Option<K> {
    all.iter().find(|(_, known)| *known == name).map(|(key, _)| *key)
}
