//! Floor 0: what can be wrong with a value by itself: invalid, unreadable, corrupt.

use std::fmt;

/// An argument, an option, a name or a set-up that can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} {value:?}: {advice}")]
pub struct Invalid {
    what: &'static str,
    value: String,
    advice: String,
}

/// The most of a bad value that an error repeats.
const MAX_SHOWN: usize = 80;

impl Invalid {
    pub(crate) fn new(
        what: &'static str,
        value: impl fmt::Display,
        advice: impl Into<String>,
    ) -> Self {
        let mut value = value.to_string();
        if value.len() > MAX_SHOWN {
            value.truncate(value.floor_char_boundary(MAX_SHOWN));
            value.push('…');
        }
        Self { what, value, advice: advice.into() }
    }
}

/// A payload or result that could not be written or read, or is too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The value's `Serialize` refused.
    #[error("can't be written: {0}")]
    Encode(String),
    /// The bytes are not of the expected type.
    #[error("can't be read: {0}")]
    Decode(String),
    /// Its version is newer than its reader, or one that no type has.
    #[error(
        "has version {version}, which is none that its reader can read; the newest it can is {known}"
    )]
    UnknownVersion {
        /// The version it was written as.
        version: u32,
        /// The newest that the reader knows.
        known: u32,
    },
    /// It was read as an older version, and the step to a newer one failed.
    #[error("can't be upgraded from version {from} to {to}: {problem}")]
    Upgrade {
        /// The version before the step.
        from: u32,
        /// The version after it.
        to: u32,
        /// What the conversion said.
        problem: String,
    },
    /// More bytes than the limit allows.
    #[error(
        "{size} bytes are more than the limit of {limit}: store the data elsewhere and send a reference, or raise max_payload"
    )]
    TooLarge {
        /// How many bytes it has.
        size: usize,
        /// How many it may have.
        limit: usize,
    },
}

impl PayloadError {
    pub(crate) fn encode(error: impl fmt::Display) -> Self {
        Self::Encode(error.to_string())
    }

    pub(crate) fn decode(error: impl fmt::Display) -> Self {
        Self::Decode(error.to_string())
    }
}

/// Something in Redis that this library did not write that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} in redis can't be read: {problem}")]
pub struct Corrupt {
    what: &'static str,
    problem: String,
}

impl Corrupt {
    pub(crate) fn new(what: &'static str, problem: impl fmt::Display) -> Self {
        Self { what, problem: problem.to_string() }
    }
}
