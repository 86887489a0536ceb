//! Who ran a job that has ended, and how long that took. It stands behind the job's outcome, in the
//! same field, so it costs no command; what isn't kept has none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rmp::encode;
use serde::{Deserialize, Serialize, Serializer, de::IgnoredAny};

use super::codec::reader;

/// The run that ended a job: see [`JobInfo::last_run`](crate::JobInfo::last_run).
///
/// Serialized: `{"by": "api-3:812 billing 2.4.1", "started_at": "…", "waited_ms": 233,
/// "ran_ms": 1900}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LastRun {
    /// The process: its host, its number there, its program and version.
    pub by: String,
    /// When it began, by the worker's clock.
    pub started_at: DateTime<Utc>,
    /// How long the job had waited for it since it was ready; `None` unless it was the first
    /// attempt. In whole ms.
    #[serde(rename = "waited_ms", serialize_with = "optional_ms")]
    pub waited: Option<Duration>,
    /// How long it took, in whole ms.
    #[serde(rename = "ran_ms", serialize_with = "ms")]
    pub ran: Duration,
}

fn whole(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn ms<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(whole(*time))
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn optional_ms<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(whole).serialize(to)
}

/// The marker of an array of no elements; of a short one it has their number added.
const ARRAY: u8 = 0x90;

/// How many elements outcomes have by themselves, by their kind.
const LENGTHS: [u8; 4] = [3, 2, 3, 3];

impl LastRun {
    /// Writes it behind an outcome, as one more element of its array:
    /// `[by, started ms, waited ms or nil, ran ms]`. Readers that don't know of it stop before.
    pub(crate) fn append(
        outcome: &mut Vec<u8>,
        by: &str,
        started_ms: i64,
        waited: Option<Duration>,
        ran: Duration,
    ) {
        let Some(length) = outcome.first_mut() else { return };
        *length += 1;
        outcome.reserve(by.len() + 24);
        // Writing to memory can't fail, hence the results that are let go.
        let _ = encode::write_array_len(outcome, 4);
        let _ = encode::write_str(outcome, by);
        let _ = encode::write_sint(outcome, started_ms);
        match waited {
            Some(waited) => drop(encode::write_uint(outcome, whole(waited))),
            None => drop(encode::write_nil(outcome)),
        }
        let _ = encode::write_uint(outcome, whole(ran));
    }

    /// What stands behind an outcome; none if nothing does, or nothing that can be read.
    pub(crate) fn read(outcome: &[u8]) -> Option<Self> {
        let (length, kind) = (outcome.first()?.checked_sub(ARRAY)?, *outcome.get(1)?);
        let known = *LENGTHS.get(usize::from(kind))?;
        if length <= known {
            return None;
        }
        let mut reader = reader(outcome.get(2..)?);
        for _ in 1..known {
            IgnoredAny::deserialize(&mut reader).ok()?;
        }
        let (by, started_ms, waited, ran): (String, i64, Option<u64>, u64) =
            Deserialize::deserialize(&mut reader).ok()?;
        Some(Self {
            by,
            started_at: DateTime::from_timestamp_millis(started_ms)?,
            waited: waited.map(Duration::from_millis),
            ran: Duration::from_millis(ran),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{
        super::{
            cancel_reason::CancelReason,
            codec::Codec,
            job_failure::{FailureReason, JobFailure},
            outcome::Outcome,
        },
        *,
    };

    #[test]
    fn it_stands_behind_outcomes_of_each_kind_and_hides_none() {
        let failure = JobFailure {
            reason: FailureReason::Timeout,
            message: "late".into(),
            causes: vec!["because".into()],
            attempt: 3,
        };
        let queue = "dlq".parse().expect("a good name");
        for outcome in [
            Outcome::Completed { codec: Codec::Json, result: Bytes::from_static(b"[1]") },
            Outcome::Failed(failure.clone()),
            Outcome::DeadLettered { failure, queue },
            Outcome::Cancelled(CancelReason { by: None, reason: Some("no".into()) }),
        ] {
            let mut bytes = outcome.encode();
            let before = bytes.len();
            assert_eq!(LastRun::read(&bytes), None);
            for waited in [None, Some(Duration::from_millis(233))] {
                bytes = outcome.encode();
                let ran = Duration::from_millis(70_000);
                LastRun::append(
                    &mut bytes,
                    "api-3:812 billing 2.4.1",
                    1_767_323_045_000,
                    waited,
                    ran,
                );
                let last = LastRun::read(&bytes).expect("it is there");
                assert_eq!((&*last.by, last.waited), ("api-3:812 billing 2.4.1", waited));
                assert_eq!(
                    (last.started_at.timestamp_millis(), last.ran),
                    (1_767_323_045_000, ran)
                );
                assert_eq!(Outcome::decode(&bytes.clone().into()).as_ref(), Ok(&outcome));
                assert!(bytes.len() - before <= 42, "{} bytes", bytes.len() - before);
                for cut in 0..bytes.len() {
                    assert!(LastRun::read(&bytes[..cut]).is_none(), "cut at {cut}");
                }
            }
        }
        assert_eq!(LastRun::read(b""), None);
        LastRun::append(&mut Vec::new(), "", 0, None, Duration::ZERO);
    }
}
