//! How a job ended.

use std::fmt;

use bytes::Bytes;
use rmp::{decode, encode};
use serde::{Deserialize, Serialize, Serializer};

use super::{
    codec::{Codec, reader},
    wire::WireFailure,
};
use crate::value_error::Corrupt;

/// How a job ended, as far as it is kept.
///
/// Serialized: `{"kind": "completed", "result": …}` with the result as JSON, or
/// `{"kind": "failed", "failure": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It completed, with this result.
    Completed {
        /// How the result is written.
        codec: Codec,
        /// The handler's return value, as written.
        result: Bytes,
    },
    /// It failed for good.
    Failed(JobFailure),
}

/// One failed attempt, or the failure that ended a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason} (attempt {attempt}): {message}")]
#[non_exhaustive]
pub struct JobFailure {
    /// What kind of failure it was.
    pub reason: FailureReason,
    /// The error's own text.
    pub message: String,
    /// The texts of its causes, outermost first.
    pub causes: Vec<String>,
    /// The attempt that failed, counted from 1.
    pub attempt: u32,
}

/// What kind of failure ended a run.
///
/// Serialized: its name in `snake_case`, such as `"bad_payload"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureReason {
    /// The handler returned an error.
    Error,
    /// The handler returned an error that no further attempt can mend.
    Permanent,
    /// The run took longer than its timeout.
    Timeout,
    /// The handler panicked.
    Panic,
    /// Its workers died or lost their lease too often while they ran it.
    Stalled,
    /// The payload could not be read as the handler's type.
    BadPayload,
    /// No worker that fetched it knows a handler of its name.
    UnknownName,
    /// Its payload is of a newer version than any worker that fetched it knows.
    NewerVersion,
    /// Its record in Redis could not be read.
    Corrupt,
    /// It waited for longer than its time to live, and was not run.
    Expired,
    /// It did not fit into its queue, which sends what overflows to its dead-letter queue.
    Overflow,
    /// A reason of a newer version of this library.
    #[serde(other)]
    Other,
}

impl FailureReason {
    const NAMES: [(Self, &str); 11] = [
        (Self::Error, "error"),
        (Self::Permanent, "permanent"),
        (Self::Timeout, "timeout"),
        (Self::Panic, "panic"),
        (Self::Stalled, "stalled"),
        (Self::BadPayload, "bad payload"),
        (Self::UnknownName, "unknown name"),
        (Self::NewerVersion, "newer version"),
        (Self::Corrupt, "corrupt"),
        (Self::Expired, "expired"),
        (Self::Overflow, "overflow"),
    ];

    /// The reason in a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(reason, _)| *reason == self).map_or("other", |(_, name)| name)
    }

    pub(super) fn from_name(text: &str) -> Self {
        Self::NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map_or(Self::Other, |(reason, _)| *reason)
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Readable<'a> {
            Completed { result: Option<serde_json::Value> },
            Failed { failure: &'a JobFailure },
        }
        let readable = match self {
            Self::Completed { codec, result } => {
                Readable::Completed { result: codec.to_json(result) }
            }
            Self::Failed(failure) => Readable::Failed { failure },
        };
        readable.serialize(serializer)
    }
}

const COMPLETED: u8 = 0;
const FAILED: u8 = 1;

impl Outcome {
    /// `[0, codec, result]` or `[1, failure]`, in MessagePack.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Writing to memory can't fail, hence the results that are let go.
        match self {
            Self::Completed { codec, result } => {
                out.reserve(result.len() + 8);
                let _ = encode::write_array_len(&mut out, 3);
                let _ = encode::write_pfix(&mut out, COMPLETED);
                let _ = encode::write_pfix(&mut out, codec.to_wire());
                let _ = encode::write_bin(&mut out, result);
            }
            Self::Failed(failure) => {
                let _ = encode::write_array_len(&mut out, 2);
                let _ = encode::write_pfix(&mut out, FAILED);
                out.extend_from_slice(&failure.encode());
            }
        }
        out
    }

    pub(crate) fn decode(bytes: &Bytes) -> Result<Self, Corrupt> {
        let corrupt = |what: &str| Corrupt::new("a job's outcome", what);
        let mut rest: &[u8] = bytes;
        decode::read_array_len(&mut rest).map_err(|_| corrupt("no array"))?;
        match decode::read_int(&mut rest) {
            Ok(COMPLETED) => {
                let codec: u8 = decode::read_int(&mut rest).map_err(|_| corrupt("no codec"))?;
                let codec = Codec::from_wire(codec).ok_or_else(|| corrupt("an unknown codec"))?;
                let len = decode::read_bin_len(&mut rest).map_err(|_| corrupt("no result"))?;
                let result = usize::try_from(len)
                    .ok()
                    .and_then(|len| rest.get(..len))
                    .ok_or_else(|| corrupt("a result cut short"))?;
                Ok(Self::Completed { codec, result: bytes.slice_ref(result) })
            }
            Ok(FAILED) => JobFailure::decode(rest).map(Self::Failed),
            _ => Err(corrupt("of an unknown kind")),
        }
    }
}

impl JobFailure {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Text and numbers into memory: nothing here can refuse.
        rmp_serde::to_vec_named(&WireFailure::from(self)).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        WireFailure::deserialize(&mut reader(bytes))
            .map(Self::from)
            .map_err(|error| Corrupt::new("a job's failure", error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_the_wire() {
        let failure = JobFailure {
            reason: FailureReason::Panic,
            message: "boom".into(),
            causes: vec!["because".into()],
            attempt: 3,
        };
        for outcome in [
            Outcome::Completed { codec: Codec::Json, result: Bytes::from_static(b"[1]") },
            Outcome::Failed(failure),
        ] {
            let bytes = Bytes::from(outcome.encode());
            assert_eq!(Outcome::decode(&bytes), Ok(outcome));
            for cut in 0..bytes.len() {
                assert!(Outcome::decode(&bytes.slice(..cut)).is_err(), "cut at {cut}");
            }
        }
    }
}
