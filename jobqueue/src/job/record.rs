//! A job as it stands in Redis.
//!
//! A MessagePack array: `[1, name, codec, payload, created ms, options?]`, or that of a job with a
//! group, `[2, group, name, …]`, or with concurrency keys, `[3, group or '', keys, name, …]`. It is written
//! once, by the producer. Scripts look at no more than group and keys.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rmp::{decode, encode};
use serde::{
    Deserialize as _, Serialize, Serializer, de::DeserializeOwned, ser::SerializeStruct as _,
};

use super::{
    codec::{Codec, reader},
    concurrency_keys::{ConcurrencyKeys, from_lines, to_lines},
    deadline::Deadline,
    name::JobName,
    options::JobOptions,
    payload::{FIRST_VERSION, Payload, PayloadVersions},
    wire::WireOptions,
};
use crate::value_error::{Corrupt, PayloadError};

/// The versions of the layout of a record; a reader refuses what it doesn't know.
const PLAIN: u8 = 1;
const GROUPED: u8 = 2;
const KEYED: u8 = 3;

/// The part of a job that never changes: its name, payload and options, as they were added.
///
/// Serialized: its fields, with the payload as JSON; `null` if it can't be read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// The job's name: which handler runs it.
    pub name: JobName,
    /// How the payload is written.
    pub codec: Codec,
    /// The payload, as written.
    pub payload: Bytes,
    /// When it was added, by the producer's clock. For people: nothing is ordered by it.
    pub created_at: DateTime<Utc>,
    /// The options of the add.
    pub options: JobOptions,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_struct("Record", 5)?;
        record.serialize_field("name", &self.name)?;
        record.serialize_field("codec", &self.codec)?;
        record.serialize_field("payload", &self.codec.to_json(&self.payload))?;
        record.serialize_field("created_at", &self.created_at)?;
        record.serialize_field("options", &self.options)?;
        record.end()
    }
}

impl Record {
    /// The payload, as this type.
    ///
    /// # Errors
    /// It isn't of this type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.codec.decode(&self.payload)
    }

    /// The version that the payload was written as, from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.options.version.unwrap_or(FIRST_VERSION)
    }

    /// How long the job may wait for its first run once it is due: its own time to live, or until its
    /// deadline.
    pub(crate) fn time_to_live(&self) -> Option<Duration> {
        let due = self.options.due_at.unwrap_or(self.created_at);
        let until = self.options.deadline.map(|deadline| match deadline {
            Deadline::In(time) => time,
            Deadline::At(end) => (end - due).to_std().unwrap_or_default(),
        });
        self.options.ttl.into_iter().chain(until).min()
    }

    /// The payload, brought to its newest version.
    ///
    /// # Errors
    /// It isn't of this type in this or an older version.
    pub fn upgraded<T: Payload>(&self) -> Result<T, PayloadError> {
        self.read(&PayloadVersions::of())
    }

    /// The payload, of a version that is known.
    ///
    /// Who publishes to a topic need not know the payload's type, so such a message may be of any
    /// version if it names none: of the newest if it can be read as that.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        versions: &PayloadVersions<T>,
    ) -> Result<T, PayloadError> {
        let read = |version| versions.read(version, self.codec, &self.payload);
        let (said, newest) = (self.version(), versions.newest());
        if self.options.version.is_some() || self.options.origin.is_none() || newest == said {
            return read(said);
        }
        read(newest).or_else(|error| read(said).map_err(|_| error))
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Name, payload, and some thirty bytes of frame.
        let mut out = Vec::with_capacity(self.name.as_str().len() + self.payload.len() + 32);
        let plain = self.options.is_plain();
        let group = self.options.group.as_deref();
        let keys = &self.options.concurrency_keys;
        let (version, opening) = match (group, keys.is_empty()) {
            (None, true) => (PLAIN, 0),
            (Some(_), true) => (GROUPED, 1),
            (_, false) => (KEYED, 2),
        };
        // Writing to memory can't fail, hence the results that are let go.
        let _ = encode::write_array_len(&mut out, 5 + u32::from(!plain) + opening);
        let _ = encode::write_pfix(&mut out, version);
        if opening > 0 {
            let _ = encode::write_str(&mut out, group.unwrap_or_default());
        }
        if opening > 1 {
            let _ = encode::write_str(&mut out, &to_lines(keys));
        }
        let _ = encode::write_str(&mut out, self.name.as_str());
        let _ = encode::write_pfix(&mut out, self.codec.to_wire());
        let _ = encode::write_bin(&mut out, &self.payload);
        let _ = encode::write_sint(&mut out, self.created_at.timestamp_millis());
        if !plain {
            let options = rmp_serde::to_vec_named(&WireOptions::from(&self.options));
            out.extend_from_slice(&options.unwrap_or_default());
        }
        out
    }

    /// Whether a written record names a group or keys.
    pub(crate) fn names_group_or_keys(record: &[u8]) -> bool {
        record.get(1).is_some_and(|version| *version > PLAIN)
    }

    /// The SHA-1 of the record as it is written, by which the scripts know it again.
    pub(crate) fn digest(&self) -> String {
        sha1_smol::Sha1::from(self.encode()).digest().to_string()
    }

    /// The same record under another name, byte for byte otherwise. None if it can't be read so
    /// far.
    pub(crate) fn renamed(record: &[u8], name: &str) -> Option<Vec<u8>> {
        let mut rest = record;
        read_opening(&mut rest).ok()?;
        let head = &record[..record.len() - rest.len()];
        read_text(&mut rest)?;
        let mut out = Vec::with_capacity(head.len() + name.len() + rest.len() + 8);
        out.extend_from_slice(head);
        encode::write_str(&mut out, name).ok()?;
        out.extend_from_slice(rest);
        Some(out)
    }

    /// The tags in a written record, a line each. Of one without any that is seen at a glance.
    pub(crate) fn tag_lines_of(record: &[u8]) -> Option<String> {
        let mut rest = record;
        read_opening(&mut rest).ok().filter(|opening| opening.has_options)?;
        read_text(&mut rest)?;
        let _codec: u8 = decode::read_int(&mut rest).ok()?;
        let payload = decode::read_bin_len(&mut rest).ok()?;
        take(&mut rest, payload)?;
        let _created: i64 = decode::read_int(&mut rest).ok()?;
        // The option's name as it is written.
        rest.windows(2).find(|pair| *pair == b"\xa1g")?;
        JobOptions::from(WireOptions::deserialize(&mut reader(rest)).ok()?).tag_lines()
    }

    /// Reads a record without copying its payload.
    pub(crate) fn decode(bytes: &Bytes) -> Result<Self, Corrupt> {
        Self::decode_named(bytes, |_| None)
    }

    /// The same, with the name that `known` has for a text: one that many records share.
    pub(crate) fn decode_named(
        bytes: &Bytes,
        known: impl FnOnce(&str) -> Option<JobName>,
    ) -> Result<Self, Corrupt> {
        let corrupt = |what: &str| Corrupt::new("a job's record", what);
        let mut rest: &[u8] = bytes;
        let Opening { group, keys, has_options } = read_opening(&mut rest)?;
        let group = group.map(str::to_owned);
        let keys = keys.map_or(Some(ConcurrencyKeys::new()), from_lines);
        let keys = keys.ok_or_else(|| corrupt("odd concurrency keys"))?;
        let name = read_text(&mut rest).ok_or_else(|| corrupt("no name"))?;
        let name = known(name)
            .map_or_else(|| name.parse(), Ok)
            .map_err(|error| Corrupt::new("a job's record", error))?;
        let codec: u8 = decode::read_int(&mut rest).map_err(|_| corrupt("no codec"))?;
        let codec = Codec::from_wire(codec).ok_or_else(|| corrupt("an unknown codec"))?;
        let len = decode::read_bin_len(&mut rest).map_err(|_| corrupt("no payload"))?;
        let payload = take(&mut rest, len).ok_or_else(|| corrupt("a payload cut short"))?;
        let payload = bytes.slice_ref(payload);
        let created: i64 = decode::read_int(&mut rest).map_err(|_| corrupt("no time"))?;
        let created_at = DateTime::from_timestamp_millis(created)
            .ok_or_else(|| corrupt("a time out of range"))?;
        let mut options = if has_options {
            WireOptions::deserialize(&mut reader(rest))
                .map_err(|error| Corrupt::new("a job's options", error))?
                .into()
        } else {
            JobOptions::default()
        };
        options.group = group;
        options.concurrency_keys = keys;
        Ok(Self { name, codec, payload, created_at, options })
    }
}

/// What stands before a record's name.
struct Opening<'a> {
    group: Option<&'a str>,
    keys: Option<&'a str>,
    has_options: bool,
}

fn read_opening<'a>(rest: &mut &'a [u8]) -> Result<Opening<'a>, Corrupt> {
    let corrupt = |what: &str| Corrupt::new("a job's record", what);
    let fields = decode::read_array_len(rest).map_err(|_| corrupt("no array"))?;
    let version: u8 = decode::read_int(rest).map_err(|_| corrupt("no version"))?;
    let least = match version {
        PLAIN => 5,
        GROUPED => 6,
        KEYED => 7,
        _ => u32::MAX,
    };
    if fields < least {
        return Err(Corrupt::new(
            "a job's record",
            format!(
                "version {version} with {fields} fields; this library knows {PLAIN} to {KEYED}"
            ),
        ));
    }
    let (mut group, mut keys) = (None, None);
    if version > PLAIN {
        let text = read_text(rest).ok_or_else(|| corrupt("no group"))?;
        group = (version == GROUPED || !text.is_empty()).then_some(text);
    }
    if version == KEYED {
        keys = Some(read_text(rest).ok_or_else(|| corrupt("no keys"))?);
    }
    Ok(Opening { group, keys, has_options: fields > least })
}

fn read_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = decode::read_str_len(rest).ok()?;
    std::str::from_utf8(take(rest, len)?).ok()
}

fn take<'a>(rest: &mut &'a [u8], len: u32) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    use crate::{
        job::{reply_address::ReplyAddress, scheduled::Scheduled, unique::Unique},
        policy::{Backoff, Retain},
    };

    fn record(options: JobOptions) -> Record {
        Record {
            name: "process_order".parse().expect("a good name"),
            codec: Codec::Json,
            payload: Bytes::from_static(b"{\"id\":1}"),
            created_at: DateTime::from_timestamp_millis(1_764_000_000_123).expect("in range"),
            options,
        }
    }

    fn full() -> JobOptions {
        JobOptions {
            attempts: Some(7),
            backoff: Some(Backoff::exponential(Duration::from_secs(2)).jitter(0.5)),
            timeout: Some(Duration::from_secs(30)),
            priority: (-3).try_into().expect("in range"),
            retain: Some(Retain::count(10)),
            retain_failed: Some(Retain::age(Duration::from_secs(60))),
            due_at: DateTime::from_timestamp_millis(1_764_000_060_123),
            ttl: Some(Duration::from_secs(9)),
            deadline: DateTime::from_timestamp_millis(1_767_326_645_000).map(Deadline::At),
            retry_for: Some(Duration::from_secs(90)),
            snoozes: Some(12),
            tags: ["customer:7".to_owned()].into(),
            group: Some("tenant 42".to_owned()),
            concurrency_keys: [("user:7".to_owned(), 1), ("shop é".to_owned(), 30)].into(),
            unique: Some(Unique::by("order 7").lasting(Duration::from_secs(60))),
            version: Some(3),
            headers: [("traceparent".to_owned(), "00-ab".to_owned())].into(),
            reply_to: Some(ReplyAddress::generate().expect("a good name")),
            origin: None,
            schedule: Some(Scheduled::new(
                "nightly".parse().expect("a good id"),
                DateTime::from_timestamp_millis(1_764_000_060_000),
            )),
        }
    }

    #[test]
    fn records_survive_the_wire() {
        let grouped = JobOptions { group: Some("é".repeat(100)), ..JobOptions::default() };
        let keys = |key: &str| [(key.to_owned(), 3)].into();
        let keyed = JobOptions { concurrency_keys: keys("k"), ..JobOptions::default() };
        let both = JobOptions { concurrency_keys: keys(&"k".repeat(255)), ..grouped.clone() };
        for options in [JobOptions::default(), grouped, keyed, both, full()] {
            let record = record(options);
            let bytes = Bytes::from(record.encode());
            assert_eq!(Record::tag_lines_of(&bytes), record.options.tag_lines());
            assert_eq!(Record::decode(&bytes), Ok(record));
        }
    }

    #[test]
    fn a_record_under_another_name_is_otherwise_the_same() {
        for options in [JobOptions::default(), full()] {
            let record = record(options);
            let renamed = Record::renamed(&record.encode(), "welcome mail").expect("a record");
            let expected = Record { name: "welcome mail".parse().expect("a good name"), ..record };
            assert_eq!(Record::decode(&Bytes::from(renamed)), Ok(expected));
        }
        assert_eq!(Record::renamed(b"nonsense", "x"), None);
    }

    #[test]
    fn a_record_cut_anywhere_is_an_error() {
        let bytes = Bytes::from(record(full()).encode());
        for cut in 0..bytes.len() {
            assert!(Record::decode(&bytes.slice(..cut)).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn unknown_options_nested_as_deep_as_it_goes_overflow_no_stack() {
        let plain = record(JobOptions::default()).encode();
        for depth in [100, 1_000, 100_000] {
            // Six fields instead of five, the last a map with an option of no known name.
            let nested = [&[0x96], &plain[1..], b"\x81\xa1?", &vec![0x91; depth], &[0xc0]].concat();
            let read = Record::decode(&Bytes::from(nested));
            assert!(read.is_ok() || depth > 100, "{read:?}");
        }
    }

    #[test]
    fn random_bytes_never_panic() {
        for _ in 0..20_000 {
            let mut bytes = Record::encode(&record(full()));
            let at = fastrand::usize(..bytes.len());
            bytes[at] = fastrand::u8(..);
            let _ = Record::tag_lines_of(&bytes);
            let _ = Record::decode(&Bytes::from(bytes));
        }
    }
}
