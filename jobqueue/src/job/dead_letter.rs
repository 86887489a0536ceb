//! A job that failed for good, as it waits in a dead-letter queue.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};

use super::{
    codec::Codec, id::JobId, job_failure::JobFailure, name::QueueName, options::JobOptions,
    payload::Payload, priority::Priority, record::Record, trace::TraceContext, wire::WireFailure,
};
use crate::{
    clock,
    value_error::{Corrupt, Invalid, PayloadError},
};

/// A job that failed for good, with its history, as it waits in a dead-letter queue.
///
/// It is the payload of jobs named [`DeadLetter::NAME`], so a handler may run them like any other
/// job. Without one they wait, and [`DeadLetters`](crate::dead_letter::DeadLetters) shows them and
/// sends them back.
///
/// ```
/// use jobqueue::{dead_letter::DeadLetter, job};
///
/// #[job(queue = "orders-dlq", name = "dead-letter")]
/// async fn keep(dead: DeadLetter) {
///     println!("{} failed {} times: {}", dead.id, dead.failure.attempt, dead.failure.message);
/// }
/// ```
///
/// Serialized as JSON it has these fields. `record` is `null` if the record can't be read; `raw` is
/// the record's bytes in hexadecimal, by which the dead letter is read again; so is `steps`, which is
/// there if its runs have recorded any.
///
/// ```json
/// {
///   "queue": "orders", "id": "01J…",
///   "failure": {"reason": "timeout", "message": "…", "causes": [], "attempt": 3},
///   "errors": [], "failed_at": "2026-01-02T03:04:05Z",
///   "record": {"name": "charge", "payload": {"order": 7}, …}, "raw": "9501…"
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The queue that it failed in, and goes back to.
    pub queue: QueueName,
    /// Its id there.
    pub id: JobId,
    /// What ended it.
    pub failure: JobFailure,
    /// The failed attempts before that, newest first; at most 10.
    pub errors: Vec<JobFailure>,
    /// When it failed, by the worker's clock.
    pub failed_at: DateTime<Utc>,
    record: Bytes,
    /// What its runs have recorded: it goes on behind that when it is sent back. In a box, since it is
    /// rare.
    steps: Option<Box<Bytes>>,
}

impl DeadLetter {
    /// The name of jobs that carry a dead letter.
    pub const NAME: &'static str = "dead-letter";

    /// Whether a job carries a dead letter.
    #[must_use]
    pub fn is_in(record: &Record) -> bool {
        record.name == Self::NAME
    }

    /// The dead letter that a job carries; `None` of any other job. Within: what keeps it from being
    /// read.
    #[must_use]
    pub fn of(record: &Record) -> Option<Result<Self, PayloadError>> {
        Self::is_in(record).then(|| record.codec.decode(&record.payload))
    }

    pub(crate) fn new(
        queue: &str,
        id: JobId,
        record: Bytes,
        failure: JobFailure,
        errors: Vec<JobFailure>,
    ) -> Self {
        Self {
            queue: QueueName::from_store(queue),
            id,
            failure,
            errors,
            failed_at: clock::now(),
            record,
            steps: None,
        }
    }

    /// The job as it was added: its name, payload and options.
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
        self.record().map_err(PayloadError::record)?.payload()
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

    /// What its runs have recorded.
    pub(crate) fn steps(&self) -> Option<&Bytes> {
        self.steps.as_deref()
    }

    /// The same dead letter with another payload, of the same version or of another.
    pub(crate) fn with_payload<T: Serialize + ?Sized>(
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

    /// The record of a dead letter with the errors before the last, as they are stored, and the
    /// priority that the job had at last, and what its runs have recorded. None if it can't be read.
    pub(crate) fn with_history(
        record: &Bytes,
        errors: &[Bytes],
        priority: Option<i64>,
        steps: Option<Bytes>,
    ) -> Option<Vec<u8>> {
        let mut outer = Record::decode(record).ok()?;
        let mut dead_letter: Self = outer.codec.decode(&outer.payload).ok()?;
        dead_letter.steps = steps.map(Box::new);
        dead_letter.errors.extend(errors.iter().filter_map(|it| JobFailure::decode(it).ok()));
        let priority = priority.and_then(|it| Priority::try_from(i16::try_from(it).ok()?).ok());
        if let (Some(priority), Ok(mut record)) = (priority, dead_letter.record()) {
            record.options.priority = priority;
            dead_letter.record = Bytes::from(record.encode());
        }
        outer.payload = Bytes::from(outer.codec.encode(&dead_letter).ok()?);
        Some(outer.encode())
    }

    /// As the record of a job in the dead-letter queue.
    pub(crate) fn to_record(&self) -> Result<Record, PayloadError> {
        let name = Self::NAME.parse().map_err(|error: Invalid| PayloadError::record(error))?;
        let codec = Codec::MessagePack;
        let payload = Bytes::from(codec.encode(self)?);
        let mut options = JobOptions::default();
        // The dead letter goes on with the trace of its job, and is found by its tags.
        if let Ok(record) = self.record() {
            if let Some(trace) = TraceContext::sent(&record.options.headers) {
                trace.send(&mut options.headers);
            }
            options.tags = record.options.tags;
        }
        Ok(Record { name, codec, payload, created_at: self.failed_at, options })
    }
}

impl Serialize for DeadLetter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            Readable::from(self).serialize(serializer)
        } else {
            Wire::from(self).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for DeadLetter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Readable::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
        } else {
            Wire::deserialize(deserializer).map(Self::from)
        }
    }
}

/// As people read it.
#[derive(Serialize, Deserialize)]
struct Readable<'a> {
    queue: QueueName,
    id: JobId,
    failure: Cow<'a, JobFailure>,
    errors: Cow<'a, [JobFailure]>,
    failed_at: DateTime<Utc>,
    #[serde(skip_deserializing)]
    record: Option<Record>,
    raw: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    steps: Option<String>,
}

impl<'a> From<&'a DeadLetter> for Readable<'a> {
    fn from(dead_letter: &'a DeadLetter) -> Self {
        Self {
            queue: dead_letter.queue.clone(),
            id: dead_letter.id.clone(),
            failure: Cow::Borrowed(&dead_letter.failure),
            errors: Cow::Borrowed(&dead_letter.errors),
            failed_at: dead_letter.failed_at,
            record: dead_letter.record().ok(),
            raw: hex(&dead_letter.record),
            steps: dead_letter.steps().map(|steps| hex(steps)),
        }
    }
}

impl TryFrom<Readable<'_>> for DeadLetter {
    type Error = Corrupt;

    fn try_from(readable: Readable<'_>) -> Result<Self, Corrupt> {
        let Readable { queue, id, failure, errors, failed_at, raw, steps, .. } = readable;
        let bytes = |text: &str| {
            let bytes = unhex(text).map(Bytes::from);
            bytes.ok_or_else(|| Corrupt::new("a dead letter's record", "not hexadecimal"))
        };
        let record = bytes(&raw)?;
        let steps = steps.as_deref().map(bytes).transpose()?.map(Box::new);
        let (failure, errors) = (failure.into_owned(), errors.into_owned());
        Ok(Self { queue, id, failure, errors, failed_at, record, steps })
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to memory can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    bytes.collect::<Option<_>>().filter(|_| rest.is_empty())
}

/// As it is written into payloads.
#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "q")]
    queue: QueueName,
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
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    steps: Option<Bytes>,
}

impl From<&DeadLetter> for Wire {
    fn from(dead_letter: &DeadLetter) -> Self {
        Self {
            queue: dead_letter.queue.clone(),
            id: dead_letter.id.clone(),
            failure: WireFailure::from(&dead_letter.failure),
            errors: dead_letter.errors.iter().map(WireFailure::from).collect(),
            failed_at: dead_letter.failed_at,
            record: dead_letter.record.clone(),
            steps: dead_letter.steps().cloned(),
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
            steps: wire.steps.map(Box::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::job::job_failure::FailureReason;

    #[test]
    fn a_dead_letter_survives_the_wire() {
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
        let json = serde_json::to_value(&read).expect("json");
        assert_eq!(
            json,
            serde_json::json!({
                "queue": "orders",
                "id": read.id,
                "failure": read.failure,
                "errors": [{
                    "reason": "timeout", "message": "too late", "causes": ["slow"], "attempt": 1
                }],
                "failed_at": "1970-01-01T00:00:00Z",
                "record": read.record().expect("a record"),
                "raw": hex(read.record_bytes()),
            })
        );
        assert_eq!(serde_json::from_value::<DeadLetter>(json).expect("the same"), read);
        let edited = read.with_payload(&[3_u8], None).expect("it can be edited");
        assert_eq!(edited.payload::<[u8; 1]>(), Ok([3]));
        assert_eq!(edited.record().expect("a record").name, record.name);
    }
    #[test]
    fn a_dead_letter_gets_the_errors_and_the_priority_of_its_job() {
        let failure = |attempt| JobFailure {
            reason: FailureReason::Error,
            message: "no".to_owned(),
            causes: Vec::new(),
            attempt,
        };
        let record = Record {
            name: "ship".parse().expect("a good name"),
            codec: Codec::Json,
            payload: Bytes::from_static(b"7"),
            created_at: DateTime::UNIX_EPOCH,
            options: JobOptions::default(),
        };
        let bytes = Bytes::from(record.encode());
        let dead_letter =
            DeadLetter::new("orders", JobId::generate(), bytes, failure(3), Vec::new());
        let carrier = Bytes::from(dead_letter.to_record().expect("it can be written").encode());
        let errors = [failure(2), failure(1)].map(|error| Bytes::from(error.encode()));
        for (priority, expected) in [(Some(-5), -5), (None, 0), (Some(70_000), 0), (Some(1_024), 0)]
        {
            let written = DeadLetter::with_history(&carrier, &errors, priority, None);
            let written = Bytes::from(written.expect("it can be written"));
            let outer = Record::decode(&written).expect("a record");
            let read: DeadLetter = outer.codec.decode(&outer.payload).expect("a dead letter");
            assert_eq!(read.errors, [failure(2), failure(1)]);
            let options = read.record().expect("a record").options;
            assert_eq!(options.priority.get(), expected, "{priority:?}");
        }
    }
}
