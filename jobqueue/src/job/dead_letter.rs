//! A job that failed for good, as it lies in a dead-letter queue.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    codec::Codec, id::JobId, job_failure::JobFailure, options::JobOptions, payload::Payload,
    record::Record, trace::TraceContext, wire::WireFailure,
};
use crate::value_error::{Corrupt, Invalid, PayloadError};

/// A job that failed for good, with its history: what lies in a dead-letter queue.
///
/// It is the payload of jobs named [`DeadLetter::NAME`], so a handler may work them off like any other
/// job. Without one they wait, to be looked at and sent back by
/// [`DeadLetters`](crate::dead_letter::DeadLetters).
///
/// ```
/// use jobqueue::{dead_letter::DeadLetter, job};
///
/// #[job(queue = "orders-dlq", name = "dead-letter")]
/// async fn keep(letter: DeadLetter) {
///     println!("{} failed {} times: {}", letter.id, letter.failure.attempt, letter.failure.message);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct DeadLetter {
    /// The queue that it failed in, and goes back to.
    pub queue: String,
    /// Its id there.
    pub id: JobId,
    /// What ended it.
    pub failure: JobFailure,
    /// The failed attempts before that, newest first; at most 10.
    pub errors: Vec<JobFailure>,
    /// When it failed, by the worker's clock.
    pub failed_at: DateTime<Utc>,
    record: Bytes,
}

impl DeadLetter {
    /// What the job that carries a letter is called.
    pub const NAME: &'static str = "dead-letter";

    pub(crate) fn new(
        queue: &str,
        id: JobId,
        record: Bytes,
        failure: JobFailure,
        errors: Vec<JobFailure>,
    ) -> Self {
        Self { queue: queue.to_owned(), id, failure, errors, failed_at: Utc::now(), record }
    }

    /// What it was to run, and with what.
    ///
    /// # Errors
    /// The record can't be read, which may be why the job is here.
    pub fn record(&self) -> Result<Record, Corrupt> {
        Record::decode(&self.record)
    }

    /// Its payload.
    ///
    /// # Errors
    /// The record can't be read, or the payload isn't of this type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        let record = self.record().map_err(PayloadError::record)?;
        record.codec.decode(&record.payload)
    }

    /// Its payload, brought to its newest version.
    ///
    /// # Errors
    /// The record can't be read, or the payload isn't of this type in this or an older version.
    pub fn upgraded<T: Payload>(&self) -> Result<T, PayloadError> {
        self.record().map_err(PayloadError::record)?.upgraded()
    }

    /// The record as it stands in Redis.
    pub(crate) fn record_bytes(&self) -> &Bytes {
        &self.record
    }

    /// The same letter with another payload, of the version it has or of another.
    pub(crate) fn with_payload<T: Serialize>(
        mut self,
        payload: &T,
        version: Option<u32>,
    ) -> Result<Self, PayloadError> {
        let mut record = self.record().map_err(PayloadError::record)?;
        record.options.version = version.or(record.options.version);
        record.payload = Bytes::from(record.codec.encode(payload)?);
        self.record = Bytes::from(record.encode());
        Ok(self)
    }

    /// As the record of a job in the dead-letter queue.
    pub(crate) fn to_record(&self) -> Result<Record, PayloadError> {
        let name = Self::NAME.parse().map_err(|error: Invalid| PayloadError::record(error))?;
        let codec = Codec::MessagePack;
        let payload = Bytes::from(codec.encode(self)?);
        let mut options = JobOptions::default();
        // What becomes of the letter belongs to the trace of its job.
        if let Some(trace) =
            self.record().ok().and_then(|it| TraceContext::sent(&it.options.headers))
        {
            trace.send(&mut options.headers);
        }
        Ok(Record { name, codec, payload, created_at: self.failed_at, options })
    }
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "q")]
    queue: String,
    #[serde(rename = "i")]
    id: JobId,
    #[serde(rename = "f")]
    failure: WireFailure,
    #[serde(rename = "e", skip_serializing_if = "Vec::is_empty", default)]
    errors: Vec<WireFailure>,
    #[serde(rename = "t", with = "chrono::serde::ts_milliseconds")]
    failed_at: DateTime<Utc>,
    #[serde(rename = "r")]
    record: Bytes,
}

impl From<DeadLetter> for Wire {
    fn from(dead_letter: DeadLetter) -> Self {
        Self {
            queue: dead_letter.queue,
            id: dead_letter.id,
            failure: WireFailure::from(&dead_letter.failure),
            errors: dead_letter.errors.iter().map(WireFailure::from).collect(),
            failed_at: dead_letter.failed_at,
            record: dead_letter.record,
        }
    }
}

impl From<Wire> for DeadLetter {
    fn from(wire: Wire) -> Self {
        Self {
            queue: wire.queue,
            id: wire.id,
            failure: wire.failure.into(),
            errors: wire.errors.into_iter().map(JobFailure::from).collect(),
            failed_at: wire.failed_at,
            record: wire.record,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::job::job_failure::FailureReason;

    #[test]
    fn a_letter_survives_the_wire() {
        let failure = |attempt| JobFailure {
            reason: FailureReason::Timeout,
            message: "too late".to_owned(),
            causes: vec!["slow".to_owned()],
            attempt,
        };
        let record = Record {
            name: "ship".parse().expect("a good name"),
            codec: Codec::Json,
            payload: Bytes::from_static(b"[1,2]"),
            created_at: DateTime::UNIX_EPOCH,
            options: JobOptions::default(),
        };
        let bytes = Bytes::from(record.encode());
        let mut dead_letter =
            DeadLetter::new("orders", JobId::generate(), bytes, failure(2), vec![failure(1)]);
        // What is written has milliseconds.
        dead_letter.failed_at = DateTime::UNIX_EPOCH;
        let carrier = dead_letter.to_record().expect("it can be written");
        let read: DeadLetter = carrier.codec.decode(&carrier.payload).expect("it can be read");
        assert_eq!(read, dead_letter);
        assert_eq!(read.payload::<[u8; 2]>(), Ok([1, 2]));
        let edited = read.with_payload(&[3_u8], None).expect("it can be edited");
        assert_eq!(edited.payload::<[u8; 1]>(), Ok([3]));
        assert_eq!(edited.record().expect("a record").name, record.name);
    }
}
