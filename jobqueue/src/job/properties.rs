//! What stands in Redis, read back from whatever bytes there are: nothing panics, what was written
//! is read as it was, and what could be read at all is written and read as the same.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chrono::DateTime;
use proptest::{collection::vec, option, prelude::*, sample::Index};

use super::{
    cancel_reason::CancelReason,
    codec::Codec,
    dead_letter::DeadLetter,
    deadline::Deadline,
    failure::Failure,
    id::JobId,
    job_failure::{FailureReason, JobFailure},
    name::{JobName, QueueName},
    options::{JobOptions, Origin},
    outcome::Outcome,
    record::Record,
    reply_address::ReplyAddress,
    scheduled::Scheduled,
    unique::{OnDuplicate, Unique},
};
use crate::{
    policy::{Backoff, Retain},
    value_error::Corrupt,
};

fn deadline() -> BoxedStrategy<Deadline> {
    let time = (-8_000_000_000_000_i64..8_000_000_000_000)
        .prop_filter_map("a time", DateTime::from_timestamp_millis);
    prop_oneof![duration().prop_map(Deadline::In), time.prop_map(Deadline::At)].boxed()
}

/// Whole milliseconds, since no finer ones travel.
fn duration() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_millis)
}

fn retain() -> impl Strategy<Value = Retain> {
    (any::<Option<u64>>(), option::of(duration()))
        .prop_map(|(count, age)| Retain::from_parts(count, age))
}

fn backoff() -> impl Strategy<Value = Backoff> {
    (any::<bool>(), duration(), duration(), 0.0..=1.0).prop_map(|(doubling, first, max, jitter)| {
        let backoff = if doubling { Backoff::exponential(first) } else { Backoff::fixed(first) };
        backoff.max(max).jitter(jitter)
    })
}

fn headers() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(any::<String>(), any::<String>(), 0..4)
}

fn origin() -> impl Strategy<Value = Origin> {
    ("[a-z:._-]{1,20}".prop_map(|topic| topic.parse().expect("a good name")), any::<String>())
        .prop_map(|(topic, routing_key)| Origin { topic, routing_key })
}

fn unique() -> impl Strategy<Value = Unique> {
    let on_duplicate = prop_oneof![
        Just(OnDuplicate::Skip),
        Just(OnDuplicate::Replace),
        Just(OnDuplicate::KeepLast),
        option::of(duration()).prop_map(|longest_wait| OnDuplicate::Debounce { longest_wait }),
    ];
    let lifetime = option::of(duration().prop_map(|life| life.max(Duration::from_millis(1))));
    (any::<String>(), lifetime, any::<bool>(), on_duplicate).prop_map(
        |(key, lifetime, while_unfinished, on_duplicate)| {
            let mut unique = Unique::by(key);
            (unique.lifetime, unique.while_unfinished) = (lifetime, while_unfinished);
            unique.on_duplicate = on_duplicate;
            unique
        },
    )
}

fn scheduled() -> impl Strategy<Value = Scheduled> {
    let tick = option::of(-8_000_000_000_000_i64..8_000_000_000_000);
    ("[a-z]{1,9}", tick).prop_map(|(id, tick)| {
        let tick = tick.and_then(DateTime::from_timestamp_millis);
        Scheduled::new(id.parse().expect("an id"), tick)
    })
}

prop_compose! {
    fn options()(
        attempts in option::of(1..=u32::MAX),
        backoff in option::of(backoff()),
        timeout in option::of(duration()),
        priority in -1024_i16..1024,
        retain in option::of(retain()),
        retain_failed in option::of(self::retain()),
        due in option::of(-8_000_000_000_000_i64..8_000_000_000_000),
        version in option::of(1..=u32::MAX),
        awaited in any::<bool>(),
        (headers, tags) in (headers(), prop::collection::btree_set("[a-z:0-9]{1,9}", 0..4)).boxed(),
        (origin, ttl, unique) in (option::of(origin()), option::of(duration()), option::of(unique())).boxed(),
        (schedule, retry_for) in (option::of(scheduled()), option::of(duration())).boxed(),
        (group, concurrency_keys) in (
            option::of("[a-zé ]{1,40}"),
            prop::collection::btree_map("[a-zé: ]{1,40}", 1_u32..1_000_001, 0..5),
        ).boxed(),
        (snoozes, deadline) in (option::of(any::<u32>()), option::of(deadline())),
    ) -> JobOptions {
        let priority = priority.try_into().expect("in range");
        let due_at = due.and_then(DateTime::from_timestamp_millis);
        let reply_to = awaited.then(|| ReplyAddress::generate().expect("a good name"));
        JobOptions {
            attempts, backoff, timeout, priority, retain, retain_failed, due_at, ttl, deadline, retry_for, snoozes, unique, version, headers, tags,
            reply_to, origin, schedule, group, concurrency_keys,
        }
    }
}

prop_compose! {
    fn dead_letter()(
        queue in "[a-z:._-]{1,20}",
        record in prop_oneof![record().prop_map(|record| record.encode()), vec(any::<u8>(), 0..50)],
        failure in failure(),
        errors in vec(failure(), 0..4),
        failed in -8_000_000_000_000_i64..8_000_000_000_000,
    ) -> DeadLetter {
        // What failed need not be a record.
        let mut dead_letter = DeadLetter::new(&queue, JobId::generate(), record.into(), failure, errors);
        dead_letter.failed_at = DateTime::from_timestamp_millis(failed).expect("in range");
        dead_letter
    }
}

fn codec() -> impl Strategy<Value = Codec> {
    prop_oneof![Just(Codec::Json), Just(Codec::MessagePack)]
}

fn payload() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

prop_compose! {
    fn record()(
        name in "[a-zA-Z0-9_ß📦{}][a-zA-Z0-9 _ß📦{}]{0,20}[a-zA-Z0-9_ß📦{}]",
        codec in codec(),
        payload in payload(),
        created in -8_000_000_000_000_i64..8_000_000_000_000,
        options in prop_oneof![Just(JobOptions::default()), options()],
    ) -> Record {
        let name = name.parse().expect("a good name");
        let created_at = DateTime::from_timestamp_millis(created).expect("in range");
        Record { name, codec, payload, created_at, options }
    }
}

prop_compose! {
    fn failure()(
        reason in (0..10_usize).prop_map(|at| {
            ["error", "permanent", "timeout", "panic", "stalled", "bad payload", "unknown name", "corrupt",
                "newer version", "of a newer library"][at]
        }),
        message in any::<String>(),
        causes in vec(any::<String>(), 0..4),
        attempt in any::<u32>(),
    ) -> JobFailure {
        JobFailure { reason: FailureReason::from_name(reason), message, causes, attempt }
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (codec(), payload()).prop_map(|(codec, result)| Outcome::Completed { codec, result }),
        failure().prop_map(Outcome::Failed),
        (failure(), "[a-z:._-]{1,20}").prop_map(|(failure, queue)| Outcome::DeadLettered {
            failure,
            queue: QueueName::from_store(&queue),
        }),
        (option::of(any::<String>()), option::of(any::<String>()))
            .prop_map(|(by, reason)| Outcome::Cancelled(CancelReason { by, reason })),
    ]
}

/// A small harm: a byte changed, put in or taken out, or the end cut off.
#[derive(Clone, Debug)]
enum Harm {
    Change(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
}

fn harms() -> impl Strategy<Value = Vec<Harm>> {
    let at = any::<Index>;
    let harm = prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Harm::Change(at, byte)),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Harm::Insert(at, byte)),
        2 => at().prop_map(Harm::Remove),
        1 => at().prop_map(Harm::Cut),
    ];
    vec(harm, 1..4)
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Bytes {
    for harm in harms.iter() {
        let size = bytes.len();
        match harm {
            Harm::Insert(at, byte) => bytes.insert(at.index(size + 1), *byte),
            _ if size == 0 => {}
            Harm::Change(at, byte) => bytes[at.index(size)] = *byte,
            Harm::Remove(at) => drop(bytes.remove(at.index(size))),
            Harm::Cut(at) => bytes.truncate(at.index(size)),
        }
    }
    bytes.into()
}

/// What can be read at all is written and read as the same.
fn is_stable<T: Clone + PartialEq + std::fmt::Debug>(
    bytes: &Bytes,
    decode: impl Fn(&Bytes) -> Result<T, Corrupt>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> Result<(), TestCaseError> {
    if let Ok(value) = decode(bytes) {
        prop_assert_eq!(decode(&encode(&value).into()), Ok(value));
    }
    Ok(())
}

fn decode_failure(bytes: &Bytes) -> Result<JobFailure, Corrupt> {
    JobFailure::decode(bytes)
}

/// `PROPTEST_CASES` makes it more; a failing case is small enough to be copied from the output.
pub(crate) fn config() -> ProptestConfig {
    let standard = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: standard.cases.max(2_000), ..standard }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn records_are_read_as_they_were_written(record in record()) {
        prop_assert_eq!(Record::decode(&record.encode().into()), Ok(record));
    }

    #[test]
    fn harmed_records_are_read_or_refused(record in record(), harms in harms()) {
        is_stable(&harmed(record.encode(), &harms), Record::decode, Record::encode)?;
    }

    #[test]
    fn outcomes_are_read_as_they_were_written(outcome in outcome()) {
        prop_assert_eq!(Outcome::decode(&outcome.encode().into()), Ok(outcome));
    }

    #[test]
    fn harmed_outcomes_are_read_or_refused(outcome in outcome(), harms in harms()) {
        is_stable(&harmed(outcome.encode(), &harms), Outcome::decode, Outcome::encode)?;
    }

    #[test]
    fn failures_are_read_as_they_were_written(failure in failure()) {
        prop_assert_eq!(JobFailure::decode(&failure.encode()), Ok(failure));
    }

    #[test]
    fn letters_are_read_as_they_were_written(dead_letter in dead_letter(), harms in harms()) {
        let Record { codec, payload, .. } = dead_letter.to_record().expect("it can be written");
        prop_assert_eq!(codec.decode::<DeadLetter>(&payload), Ok(dead_letter));
        let harmed = harmed(payload.to_vec(), &harms);
        if let Ok(dead_letter) = codec.decode::<DeadLetter>(&harmed) {
            let again = dead_letter.to_record().expect("it can be written").payload;
            prop_assert_eq!(codec.decode::<DeadLetter>(&again), Ok(dead_letter.clone()));
            // Whatever became of its record, looking at it does no harm.
            let _ = (dead_letter.record(), dead_letter.payload::<u8>(), dead_letter.with_payload(&7, Some(3)));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200).prop_map(Bytes::from)) {
        is_stable(&bytes, Record::decode, Record::encode)?;
        is_stable(&bytes, Outcome::decode, Outcome::encode)?;
        is_stable(&bytes, decode_failure, JobFailure::encode)?;
    }

    #[test]
    fn any_text_is_a_name_as_it_is_or_refused(text in ".{0,140}") {
        if let Ok(name) = text.parse::<JobName>() {
            prop_assert_eq!(name.as_str(), &text);
        }
        if let Ok(name) = text.parse::<QueueName>() {
            prop_assert_eq!(name.as_str(), &text);
        }
        if let Ok(id) = text.parse::<JobId>() {
            prop_assert_eq!(id.as_str(), &text);
        }
    }

    #[test]
    fn any_message_is_kept_within_bounds(text in any::<String>(), times in 1_usize..300) {
        let message = text.repeat(times);
        let failure = Failure::permanent(&message);
        prop_assert!(failure.message().len() <= 4_096 + '…'.len_utf8());
        prop_assert!(message.starts_with(failure.message().trim_end_matches('…')));
    }

    #[test]
    fn payloads_are_read_as_they_were_written(
        codec in codec(),
        value in any::<(Option<i64>, String, Vec<(bool, u16)>)>(),
        harms in harms(),
    ) {
        let bytes = codec.encode(&value).expect("it can be written");
        prop_assert_eq!(codec.decode(&bytes), Ok(value));
        let _ = codec.decode::<(Option<i64>, String, Vec<(bool, u16)>)>(&harmed(bytes, &harms));
    }

    #[test]
    fn a_backoff_of_any_record_gives_a_wait(record in record(), harms in harms(), attempt in any::<u32>()) {
        if let Ok(record) = Record::decode(&harmed(record.encode(), &harms))
            && let Some(backoff) = record.options.backoff
        {
            prop_assert!(backoff.delay(attempt) <= Duration::from_secs(365 * 86_400 * 2));
        }
    }
}
