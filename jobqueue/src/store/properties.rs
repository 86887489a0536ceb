//! Replies as no script makes them: whatever the server sends, it is read or refused, and nothing
//! panics.

use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use redis::Value;

use super::{
    command::{Command, Numbered},
    link::{server, url},
    read::events,
};
use crate::{
    job::{JobId, JobState, WorkerId, properties::config},
    store::{
        job::{self, Due, NewJob},
        outbox, queue, worker,
    },
    value_error::Corrupt,
};

fn bulk(bytes: impl AsRef<[u8]>) -> Value {
    Value::BulkString(bytes.as_ref().to_vec())
}

/// Texts that mean something somewhere.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "",
        "0",
        "1",
        "-1",
        "7",
        "18446744073709551615",
        "1e300",
        "nan",
        "1700000000000",
        "waiting",
        "active",
        "failed",
        "paused",
        "rate",
        "gone",
        "100 3",
        "5:1700000000000",
        ":",
        "a b c",
        "1-0",
    ];
    // A record, an outcome and a failure, in MessagePack.
    let packed: [&[u8]; 3] = [
        b"\x95\x01\xa1n\x00\xc4\x00\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x00",
        b"\x93\x00\x00\xc4\x00",
        b"\x83\xa1r\xa5error\xa1m\xa1x\xa1n\x01",
    ];
    let known = known.into_iter().map(str::as_bytes).chain(packed).map(<[u8]>::to_vec);
    prop_oneof![
        8 => select(known.collect::<Vec<_>>()),
        1 => vec(any::<u8>(), 0..20),
        1 => any::<String>().prop_map(String::into_bytes),
    ]
}

/// A tree of anything that the client may hand over.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        2 => Just(Value::Nil),
        3 => any::<i64>().prop_map(Value::Int),
        3 => (0_i64..5).prop_map(Value::Int),
        8 => text().prop_map(Value::BulkString),
        1 => any::<String>().prop_map(Value::SimpleString),
        1 => Just(Value::Okay),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => any::<f64>().prop_map(Value::Double),
    ];
    leaf.prop_recursive(4, 60, 10, |inner| {
        prop_oneof![
            8 => vec(inner.clone(), 0..11).prop_map(Value::Array),
            1 => vec(inner.clone(), 0..4).prop_map(Value::Set),
            1 => vec((inner.clone(), inner), 0..4).prop_map(Value::Map),
        ]
    })
}

/// A reply of the right shape in which one place holds something else.
fn nearly(reply: Value) -> impl Strategy<Value = Value> {
    (Just(reply), vec(0_usize..12, 0..4), value()).prop_map(|(mut reply, path, value)| {
        put(&mut reply, &path, value);
        reply
    })
}

/// Puts a value where the path leads, as far as there is a way.
fn put(place: &mut Value, path: &[usize], value: Value) {
    match (place, path) {
        (Value::Array(items), [index, rest @ ..]) if !items.is_empty() => {
            let index = index % items.len();
            put(&mut items[index], rest, value);
        }
        (place, _) => *place = value,
    }
}

fn array<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}

fn nils(n: usize) -> Value {
    Value::Array(vec![Value::Nil; n])
}

/// A turn that brought two jobs.
fn turn() -> Value {
    let sparse = || array([Value::Nil, bulk("2")]);
    array([
        Value::Int(1),
        Value::Int(5),
        Value::Int(0),
        bulk(""),
        bulk("a b"),
        array([bulk("r"), bulk("r")]),
        sparse(),
        sparse(),
        sparse(),
    ])
}

/// A worker that still holds a job.
fn holding() -> Value {
    array([bulk("a")])
}

fn snapshot() -> Value {
    let mut parts = vec![Value::Int(1); 6];
    parts.push(nils(10));
    Value::Array(parts)
}

fn job_that_is_known() -> Value {
    let record = b"\x95\x01\xa1n\x00\xc4\x00\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x00";
    let outcome = b"\x93\x00\x00\xc4\x00";
    array([array([
        bulk("completed"),
        bulk("1700000000000"),
        Value::Nil,
        bulk(record),
        bulk("1"),
        Value::Nil,
        bulk("-5"),
        Value::Nil,
        bulk(outcome),
        array([]),
        Value::Nil,
        Value::Nil,
    ])])
}

fn entry() -> Value {
    array([bulk("1-0"), array([bulk("added"), bulk("a b")])])
}

fn new_job() -> NewJob {
    NewJob {
        id: JobId::generate(),
        record: Vec::new(),
        priority: crate::job::Priority::default(),
        due: Due::Now,
        unique: None,
        ttl: None,
        tags: None,
        chosen_id: false,
    }
}

/// Reads a reply by every command there is.
fn read_by_all(reply: &Value) {
    let (worker, id, lease) = (WorkerId::generate(), JobId::generate(), Duration::from_secs(1));
    let (jobs, ids) = ([new_job(), new_job()], [id.clone()]);
    let worker = &worker;
    let advance = worker::Advance {
        worker,
        lease,
        held: 0,
        want: 2,
        throttle: Duration::ZERO,
        rooms: worker::Rooms::NONE,
        settlements: &[],
    };
    let join = worker::Join { worker, former: None, lease, limits: None, known: &ids };
    by(&advance, reply);
    by(&join, reply);
    by(&worker::Heartbeat { worker, lease, heard: true }, reply);
    by(&worker::Leave { worker }, reply);
    let call = Numbered { sender: worker, number: 1, remembered: lease, resend: true };
    by(&outbox::Enqueue { effects: &[] }, reply);
    by(&worker::Wake { worker: Some(worker), wait: None }, reply);
    by(&worker::ByHand { receive: worker, lease, visibility: lease, want: 2 }, reply);
    by(&worker::GiveBack { receive: worker, cursor: 0 }, reply);
    by(&worker::Extend { receive: worker, id: &id, visibility: lease }, reply);
    by(&worker::Settle { receive: worker, throttle: Duration::ZERO, settlements: &[] }, reply);
    by(&job::Add { jobs: &jobs, look: true, call }, reply);
    by(&job::Cancel { ids: &ids, mark: b"5 -1 -1 o", from: &[] }, reply);
    by(&job::Read { ids: &ids }, reply);
    by(&job::Over { ids: &ids }, reply);
    by(&job::Remove { ids: &ids, why: crate::job::Gone::Removed, from: &[] }, reply);
    by(&job::Promote { id: &id }, reply);
    by(&job::Retry { id: &id, anew: true }, reply);
    by(&job::RetryMany { ids: &ids, anew: true, from: &[] }, reply);
    by(&queue::Counts, reply);
    by(&queue::Scan { set: "failed", most: 9, after: None, until: None, records: true }, reply);
    by(&queue::ScanActive { at: &queue::ActivePosition::default(), most: 9 }, reply);
    by(&queue::Oldest { most: 9 }, reply);
    by(&queue::Page { state: JobState::Failed, offset: 0, count: 9, newest_first: true }, reply);
    by(&queue::Pause, reply);
    by(&queue::Resume, reply);
    by(&queue::RetryFailed { most: 9, skip: 0 }, reply);
    by(&queue::Drain { delayed_too: true }, reply);
    by(&queue::Obliterate { force: true }, reply);
    let _: Result<events::Entry, Corrupt> = events::read_entry(reply.clone());
}

/// An error is one by type: [`Corrupt`]. So there is nothing to check but that it comes back.
fn by<C: Command>(command: &C, reply: &Value) {
    let _: Result<C::Reply, Corrupt> = command.read(reply.clone());
}

#[test]
fn the_right_shapes_are_read() {
    let (worker, ids) = (WorkerId::generate(), [JobId::generate()]);
    let (lease, worker) = (Duration::from_secs(1), &worker);
    let advance = worker::Advance {
        worker,
        lease,
        held: 0,
        want: 2,
        throttle: Duration::ZERO,
        rooms: worker::Rooms::NONE,
        settlements: &[],
    };
    let taken = advance.read(turn()).expect("a turn").taken;
    assert_eq!(taken.iter().map(|job| job.tries.attempts).collect::<Vec<_>>(), [0, 2]);
    let join = worker::Join { worker, former: None, lease, limits: None, known: &ids };
    assert_eq!(join.read(holding()).expect("a holding").len(), 1);
    assert!(queue::Counts.read(snapshot()).is_ok());
    assert!(job::Read { ids: &ids }.read(job_that_is_known()).is_ok());
    assert!(events::read_entry(entry()).is_ok());
}

#[test]
fn ten_lost_answers_are_one_stall() {
    let read = |text: &str| crate::store::reply::stalls(&bulk(text), "stalls").ok();
    let found = ["3", "0+9", "0+10", "2+29", "1+", "+1", "1+1+1", "-1"].map(read);
    assert_eq!(found, [Some(3), Some(0), Some(1), Some(4), None, None, None, None]);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_reply_is_read_or_refused(reply in value()) {
        read_by_all(&reply);
    }

    #[test]
    fn a_reply_that_is_nearly_right_is_read_or_refused(
        reply in select(vec![turn(), holding(), snapshot(), job_that_is_known(), entry()])
            .prop_flat_map(nearly)
    ) {
        read_by_all(&reply);
    }

    #[test]
    fn any_info_is_judged(
        lines in vec(("(redis_version|valkey_version|role|maxmemory_policy|.{0,9})", ".{0,20}"), 0..9)
    ) {
        let text: Vec<String> = lines.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
        let text = text.concat();
        let _ = server::judge(&server::parse(&text));
    }

    #[test]
    fn any_url_is_opened_or_refused_without_its_secret(
        scheme in "(redis|rediss|valkey|valkeys|unix|redis\\+unix|http|.{0,5})",
        rest in "(u:s3cret@|:s3cret@|s3cret)(.{0,30}|\\[::1\\]:99999/x|localhost:[0-9]{1,6}/[0-9]{0,3})",
    ) {
        let tls = url::TlsOptions::new();
        if let Err(error) = url::open(&format!("{scheme}://{rest}"), &tls) {
            prop_assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn every_due_time_is_an_argument_that_lua_can_read(ms in any::<i64>(), delay in any::<u64>()) {
        for due in [Due::At(ms), Due::In(Duration::from_millis(delay)), Due::Now] {
            let arg = due.to_arg();
            let digits = arg.trim_start_matches('+');
            prop_assert!(arg.is_empty() || digits.parse::<i64>().is_ok_and(|ms| ms.abs() <= 1 << 53), "{arg}");
        }
    }
}
