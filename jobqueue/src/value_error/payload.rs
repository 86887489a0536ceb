//! Payloads and results that can't be written or read, or are too large.

use std::error::Error as StdError;

use crate::error_chain::{Source, readable_debug, say_the_same, source};

/// A payload or result that could not be written or read, or is too large.
///
/// Its text names the Rust type and never has bytes of the payload. What the codec said is its
/// source, and may quote the one value that it did not expect.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The value's `Serialize` refused.
    #[error("`{wanted}` can't be written as {codec}")]
    Encode {
        /// The value's type.
        wanted: &'static str,
        /// How it was to be written.
        codec: &'static str,
        /// What `Serialize` or the codec said.
        source: Source,
    },
    /// The bytes are not of the expected type.
    #[error("the {codec} {what} can't be read as `{wanted}`")]
    Decode {
        /// What can't be read: `payload`, or the result of which job.
        what: Box<str>,
        /// The type that was expected.
        wanted: &'static str,
        /// How the bytes are written.
        codec: &'static str,
        /// What the type's `Deserialize` or the codec said.
        source: Source,
    },
    /// The record that holds the payload can't be read.
    #[error("the payload of a dead letter can't be reached")]
    Record {
        /// What is wrong with the record.
        source: Source,
    },
    /// Its version is newer than the type, or one that no type has.
    #[error("the payload has version {version}; {}", reads(.wanted, *.version, *.known))]
    UnknownVersion {
        /// The type that was expected.
        wanted: &'static str,
        /// The version it was written as.
        version: u32,
        /// The newest that the type knows.
        known: u32,
    },
    /// It was read as an older version, and the step to a newer one failed.
    #[error("the payload can't be upgraded from version {from} to version {to} of `{wanted}`")]
    Upgrade {
        /// The type of the newer version.
        wanted: &'static str,
        /// The version before the step.
        from: u32,
        /// The version after it.
        to: u32,
        /// What the conversion said.
        source: Source,
    },
    /// More bytes than the limit allows.
    #[error(transparent)]
    TooLarge(TooLarge),
}

fn reads(wanted: &str, version: u32, known: u32) -> String {
    if version > known {
        format!("`{wanted}` reads up to version {known}, so a newer worker has to read it")
    } else {
        format!("`{wanted}` doesn't read that version: name its type in `upgrade_from`")
    }
}

/// The most bytes of what a run gives back: its result, its progress, the result of an effect. A
/// larger one belongs elsewhere, with a reference to it in its place.
pub(crate) const MAX_RESULT: usize = 1 << 20;

/// More bytes than the limit allows.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {size} bytes, and {limit} is the limit: {advice}")]
pub struct TooLarge {
    what: String,
    size: usize,
    limit: usize,
    advice: &'static str,
}

impl TooLarge {
    /// Of what is sent: the limit is the client's.
    pub(crate) fn sent(what: impl Into<String>, size: usize, limit: usize) -> Self {
        const ADVICE: &str =
            "store the data elsewhere and send a reference, or raise the client's `max_payload`";
        Self { what: what.into(), size, limit, advice: ADVICE }
    }

    /// Of what a run gives back: the limit is fixed.
    pub(crate) fn returned(what: impl Into<String>, size: usize, limit: usize) -> Self {
        const ADVICE: &str = "store the data elsewhere and return a reference";
        Self { what: what.into(), size, limit, advice: ADVICE }
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many it may have.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl From<TooLarge> for PayloadError {
    fn from(error: TooLarge) -> Self {
        Self::TooLarge(error)
    }
}

/// Equal if they say the same.
impl PartialEq for PayloadError {
    fn eq(&self, other: &Self) -> bool {
        say_the_same(self, other)
    }
}

impl Eq for PayloadError {}

impl PayloadError {
    pub(crate) fn encode<T: ?Sized>(
        codec: &'static str,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Encode { wanted: std::any::type_name::<T>(), codec, source: source(error) }
    }

    pub(crate) fn decode<T: ?Sized>(
        codec: &'static str,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        let (what, wanted) = ("payload".into(), std::any::type_name::<T>());
        Self::Decode { what, wanted, codec, source: source(error) }
    }

    /// Says what could not be read, if it was not a payload.
    pub(crate) fn reading(mut self, subject: impl std::fmt::Display) -> Self {
        if let Self::Decode { what, .. } = &mut self {
            *what = subject.to_string().into();
        }
        self
    }

    pub(crate) fn upgrade<T>(
        from: u32,
        to: u32,
        error: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Upgrade { wanted: std::any::type_name::<T>(), from, to, source: source(error) }
    }

    pub(crate) fn record(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Record { source: source(error) }
    }

    pub(crate) fn unknown_version<T: ?Sized>(version: u32, known: u32) -> Self {
        Self::UnknownVersion { wanted: std::any::type_name::<T>(), version, known }
    }
}

readable_debug!(PayloadError, TooLarge);
