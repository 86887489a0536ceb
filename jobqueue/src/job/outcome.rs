//! How a job ended.

use bytes::Bytes;
use rmp::{decode, encode};
use serde::{Deserialize, Serialize, Serializer};

use super::{
    cancel_reason::CancelReason,
    codec::{Codec, reader},
    job_failure::JobFailure,
    name::QueueName,
    wire::WireFailure,
};
use crate::value_error::Corrupt;

/// How a job ended, as far as it is kept.
///
/// Serialized: `{"kind": "completed", "result": …}` with the result as JSON,
/// `{"kind": "failed", "failure": {…}}`,
/// `{"kind": "dead_lettered", "failure": {…}, "queue": "orders-dlq"}`, or
/// `{"kind": "cancelled", "by": "ops", "reason": null}`.
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
    /// It failed for good, and its dead letter went to another queue. What is kept here only says
    /// so: the job runs again if it is redriven from there.
    DeadLettered {
        /// What ended it.
        failure: JobFailure,
        /// The dead-letter queue.
        queue: QueueName,
    },
    /// It was cancelled.
    Cancelled(CancelReason),
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        enum Readable<'a> {
            Completed { result: Option<serde_json::Value> },
            Failed { failure: &'a JobFailure },
            DeadLettered { failure: &'a JobFailure, queue: &'a QueueName },
            Cancelled(&'a CancelReason),
        }
        let readable = match self {
            Self::Completed { codec, result } => {
                Readable::Completed { result: codec.to_json(result) }
            }
            Self::Failed(failure) => Readable::Failed { failure },
            Self::DeadLettered { failure, queue } => Readable::DeadLettered { failure, queue },
            Self::Cancelled(reason) => Readable::Cancelled(reason),
        };
        readable.serialize(serializer)
    }
}

const COMPLETED: u8 = 0;
const FAILED: u8 = 1;
/// The one kind that scripts look at: they don't run such a job again.
const DEAD_LETTERED: u8 = 2;
const CANCELLED: u8 = 3;

impl Outcome {
    /// `[0, codec, result]`, `[1, failure]`, `[2, failure, queue]` or `[3, by, reason]`, in
    /// MessagePack.
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
            Self::DeadLettered { failure, queue } => {
                let _ = encode::write_array_len(&mut out, 3);
                let _ = encode::write_pfix(&mut out, DEAD_LETTERED);
                out.extend_from_slice(&failure.encode());
                let _ = encode::write_str(&mut out, queue.as_str());
            }
            Self::Cancelled(CancelReason { by, reason }) => {
                let _ = encode::write_array_len(&mut out, 3);
                let _ = encode::write_pfix(&mut out, CANCELLED);
                for text in [by, reason] {
                    // Texts and nil are written alike by serde.
                    out.extend(rmp_serde::to_vec(text).unwrap_or_default());
                }
            }
        }
        out
    }

    /// What ended the job, if it failed.
    #[must_use]
    pub fn failure(&self) -> Option<&JobFailure> {
        match self {
            Self::Completed { .. } | Self::Cancelled(_) => None,
            Self::Failed(failure) | Self::DeadLettered { failure, .. } => Some(failure),
        }
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
            Ok(DEAD_LETTERED) => {
                // Read on from where the failure ends.
                let mut reader = reader(rest);
                let wire = WireFailure::deserialize(&mut reader);
                let queue = String::deserialize(&mut reader);
                let (Ok(wire), Ok(queue)) = (wire, queue) else {
                    return Err(corrupt("a dead letter's failure cut short"));
                };
                let (failure, queue) = (wire.into(), QueueName::from_store(&queue));
                Ok(Self::DeadLettered { failure, queue })
            }
            Ok(CANCELLED) => {
                let mut reader = reader(rest);
                let by = Option::<String>::deserialize(&mut reader);
                let reason = Option::<String>::deserialize(&mut reader);
                let (Ok(by), Ok(reason)) = (by, reason) else {
                    return Err(corrupt("a reason cut short"));
                };
                Ok(Self::Cancelled(CancelReason { by, reason }))
            }
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
    use super::{super::job_failure::FailureReason, *};

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
            Outcome::Failed(failure.clone()),
            Outcome::DeadLettered { failure, queue: "dlq".parse().expect("a good name") },
            Outcome::Cancelled(CancelReason { by: Some("ops".into()), reason: None }),
        ] {
            let bytes = Bytes::from(outcome.encode());
            assert_eq!(Outcome::decode(&bytes), Ok(outcome));
            for cut in 0..bytes.len() {
                assert!(Outcome::decode(&bytes.slice(..cut)).is_err(), "cut at {cut}");
            }
        }
    }
}
