//! Calls that are carried out once: each script of which that is said, sent again and late.

use jobqueue_tests::{
    raw::{Rig, Try, args},
    scripts::{is_once, keys, scripts},
};
use redis::Value;

/// A call that changes something, and how others undo that before a late try arrives.
struct Case {
    script: &'static str,
    given: &'static [&'static str],
    args: Vec<Vec<u8>>,
    undone: &'static [&'static str],
}

fn case(
    script: &'static str,
    given: &'static [&'static str],
    args: Vec<Vec<u8>>,
    undone: &'static [&'static str],
) -> Case {
    Case { script, given, args, undone }
}

const WAITING: &[&str] = &["HSET jq:{q}:jobs a r", "ZADD jq:{q}:waiting 1 a"];
const DELAYED: &[&str] =
    &["HSET jq:{q}:jobs a r", "ZREM jq:{q}:waiting a", "ZADD jq:{q}:delayed 9 a"];
const FAILED: &[&str] =
    &["HSET jq:{q}:jobs a r", "ZREM jq:{q}:waiting a", "ZADD jq:{q}:failed 1 a"];
const THERE: &[&str] = &["HSET jq:{q}:meta layout 2"];
/// A group that one of its jobs has stopped, which is gone.
const STOPPED: &[&str] = &["ZADD jq:{q}:groups:active 0 g\ngone"];
const PAUSED: &[&str] = &["HSET jq:{q}:meta layout 2 paused 1"];
const THROTTLED: &[&str] =
    &["HSET jq:{q}:meta layout 2 throttled_until 1800000000000 throttled_from 1"];
const BOUND: &[&str] = &["HSET jq:{q}:bindings b ''"];
const TAKEN: &[&str] = &["SET jq:{q}:unique:k a"];
const SCHEDULE: &[&str] = &["HSET jq:{q}:schedules s rule"];
const NO_SCHEDULE: &[&str] = &["HDEL jq:{q}:schedules s", "ZREM jq:{q}:ticks s"];
const TOPIC: &[&str] = &["HSET jq:{q}:topic keep 1"];
const OUT: &[&str] = &["HSET jq:{q}:running:by-hand a 1:1:out", "ZADD jq:{q}:visibility 1 a"];

const HELD: &[&str] = &["HSET jq:{q}:running:w a 1:1"];
const UNRECORDED: &[&str] = &["DEL jq:{q}:steps:a"];

const GONE: &[&str] = &["HDEL jq:{q}:jobs s:now", "ZREM jq:{q}:waiting s:now"];

const FLOW: &[&str] = &[
    "HSET jq:{q}:flow:F id f state running nodes 1 groups 1 left 1 root 0 keep 9000 keep_failed 9000",
    "HSET jq:{q}:flow:F:groups 0 1~f~0~-~-~-~to~-~-",
    "HSET jq:{q}:flow:F:left 0 1",
    "HSET jq:{q}:flows f F",
];
const OVER: &[&str] = &[
    "HSET jq:{q}:flow:F id f state failed nodes 1 groups 1 left 0 failed 1 root 0 keep 9000",
    "HSET jq:{q}:flow:F:groups 0 1~f~0~-~-~-~to~-~-",
    "HSET jq:{q}:flow:F:records 0.0 r",
    "HSET jq:{q}:flow:F:left 0 0",
    "HSET jq:{q}:flow:F:over 0 0~4~0.0~1",
    "HSET jq:{q}:flows f F",
    "HSET jq:{q}:flow:ids F f",
];

/// A flow of no node, which ends as it starts.
fn staged() -> Vec<Vec<u8>> {
    args![Rig::BASE, "F", 60_000, 1, 0, 0, "f", "nodes", 0, "groups", 0, "root", "", "keep", 9_000,]
}

/// The job of a schedule, out of turn.
fn out_of_turn() -> Vec<Vec<u8>> {
    args![Rig::BASE, "", 1, "s", "", "", "", "a", "s:now", "r", "", 0, "", "", 0, ""]
}

fn cases() -> Vec<Case> {
    let base = Rig::BASE;
    vec![
        case("flow/cancel", FLOW, args![base, "F", "0 -1 -1 o"], FLOW),
        case("flow/remove", OVER, args![base, "F"], OVER),
        case("flow/retry", OVER, args![base, "F", "-"], OVER),
        case("flow/stage", &[], staged(), &["DEL jq:{q}:flow:F jq:{q}:flows"]),
        case("job/cancel", WAITING, args![base, "0 -1 -1 o", "", "a"], WAITING),
        case("job/delay", DELAYED, args![base, "a", "+5"], DELAYED),
        case("job/edit", WAITING, args![base, "a", "r", "new"], WAITING),
        case("job/priority", WAITING, args![base, "a", 5], &["HDEL jq:{q}:priority a"]),
        case("job/expect", HELD, args![base, "a", "wx", 0, "x", "+5", 0, ""], UNRECORDED),
        case("job/progress", &["HSET jq:{q}:running:w a 1:1"], args!["a", 7], &[]),
        case("job/promote", DELAYED, args![base, "a"], DELAYED),
        case("job/record", HELD, args![base, "a", "sx", 0, "v", "", ""], UNRECORDED),
        case("job/remove", WAITING, args![base, "removed", "", "a"], WAITING),
        case("job/retry", FAILED, args![base, "a", 0], FAILED),
        case("job/retry_many", FAILED, args![base, 0, "", "a"], FAILED),
        case("job/signal", WAITING, args![base, "a", "x", "v", 9], UNRECORDED),
        case("job/transfer", WAITING, args![base, "", "a", "", "", "to", "b", 0, "r", ""], WAITING),
        case("outbox/enqueue", &[], args![base, 1, "to", "a", 0, "r", ""], &[]),
        case("queue/clean", FAILED, args![base, "failed", 0, 10], FAILED),
        case("queue/drain", WAITING, args![base, 0], WAITING),
        case("queue/go_on", STOPPED, args![base, "g"], STOPPED),
        case(
            "queue/group_limits",
            &[],
            args![base, "g", "a", 5],
            &["HSET jq:{q}:group_limits g a1"],
        ),
        case("queue/lift", THROTTLED, args![], THROTTLED),
        case("queue/limits", &[], args![base, "active", 5], &["HDEL jq:{q}:meta active"]),
        case("queue/obliterate", WAITING, args![base, 0], WAITING),
        case("queue/pause", THERE, args![], &["HDEL jq:{q}:meta paused"]),
        case("queue/release_key", TAKEN, args![base, "k"], TAKEN),
        case("queue/resume", PAUSED, args![], PAUSED),
        case("queue/retry_failed", FAILED, args![base, 10, 0], FAILED),
        case("queue/weigh", &[], args!["g", 5], &["HSET jq:{q}:weights g 1"]),
        case("schedule/put", &[], args!["s", "", "", "rule", "", "", "=9"], NO_SCHEDULE),
        case("schedule/run", SCHEDULE, out_of_turn(), GONE),
        case("schedule/remove", SCHEDULE, args!["s"], SCHEDULE),
        case("topic/bind", &[], args!["b", "", 9, ""], &["HDEL jq:{q}:bindings b"]),
        case("topic/configure", &[], args!["keep", 5], &["HDEL jq:{q}:topic keep"]),
        case("topic/delete", TOPIC, args![], TOPIC),
        case("topic/unbind", BOUND, args!["b"], BOUND),
        case("once/finish", &[], args!["r", 60_000], &["DEL jq:{q}:once:key:k"]),
        case("worker/extend", OUT, args!["out", "a", 5_000], OUT),
    ]
}

/// A rig, and the keys of the script.
fn rig(script: &str) -> (Rig, Vec<String>) {
    let found = scripts().iter().find(|found| found.name == script);
    let source = found.unwrap_or_else(|| panic!("there is no script {script}")).source;
    let mut keys = keys(source);
    for key in &mut keys {
        match key.as_str() {
            "running" => "running:w".clone_into(key),
            "hand" => "running:by-hand".clone_into(key),
            _ => {}
        }
    }
    if script == "once/finish" {
        keys.push("once:key:k".to_owned());
    }
    (Rig::new(source), keys)
}

const FIRST: Try = Try { number: 7, resend: false };
const RESEND: Try = Try { number: 7, resend: true };
const BEFORE: Try = Try { number: 6, resend: false };

fn send(rig: &mut Rig, keys: &[String], case: &Case, attempt: Try) -> Result<Value, String> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    rig.send(&keys, case.args.clone(), attempt)
}

#[test]
fn every_such_script_is_tried() {
    let tried: Vec<&str> = cases().iter().map(|case| case.script).collect();
    for script in scripts() {
        assert_eq!(tried.contains(&script.name), is_once(script.source), "{}", script.name);
    }
}

#[test]
fn a_resend_changes_nothing_and_is_answered_as_the_first_try_was() {
    for case in cases() {
        let (mut rig, keys) = rig(case.script);
        rig.given(case.given.iter().copied());
        let before = rig.dump();
        let answer = send(&mut rig, &keys, &case, FIRST);
        assert!(answer.is_ok(), "{}: {answer:?}", case.script);
        let after = rig.dump();
        assert_ne!(after, before, "{} changes something", case.script);
        assert_eq!(send(&mut rig, &keys, &case, RESEND), answer, "{}", case.script);
        rig.dump().assert_unchanged_since(&after);
    }
}

#[test]
fn a_try_that_comes_late_changes_nothing() {
    for case in cases() {
        for earlier in [FIRST, RESEND] {
            let (mut rig, keys) = rig(case.script);
            rig.given(case.given.iter().copied());
            send(&mut rig, &keys, &case, earlier).expect(case.script);
            rig.given(case.undone.iter().copied());
            let undone = rig.dump();
            for late in [FIRST, RESEND, BEFORE] {
                send(&mut rig, &keys, &case, late).expect(case.script);
                rig.dump().assert_unchanged_since(&undone);
            }
        }
    }
}

#[test]
fn what_a_resend_is_refused_or_finds_done_holds_for_its_first_try() {
    // The state refuses the call, or leaves it nothing to do; then others change it.
    let calls = [
        ("job/promote", &[][..], Err("NOTFOUND no such job")),
        ("job/retry", WAITING, Err("WRONGSTATE waiting")),
        ("queue/pause", PAUSED, Ok(Value::Int(0))),
        ("queue/drain", &[], Ok(Value::Int(0))),
        ("job/remove", &[], Ok(Value::BulkString(b"-".to_vec()))),
        ("queue/retry_failed", &[], Ok(Value::Array(vec![Value::Int(0), Value::Int(0)]))),
    ];
    for (script, given, answer) in calls {
        let answer = answer.map_err(str::to_owned);
        let case = cases().into_iter().find(|case| case.script == script).expect("a case");
        let (mut rig, keys) = rig(script);
        rig.given(given.iter().copied());
        assert_eq!(send(&mut rig, &keys, &case, RESEND), answer, "{script}");
        rig.given(case.undone.iter().copied());
        rig.given(case.given.iter().copied());
        let changed = rig.dump();
        assert_eq!(send(&mut rig, &keys, &case, FIRST), answer, "{script}, late");
        assert_eq!(send(&mut rig, &keys, &case, RESEND), answer, "{script}, again");
        rig.dump().assert_unchanged_since(&changed);
    }
}

#[test]
fn a_first_try_that_is_refused_leaves_nothing() {
    let case = cases().into_iter().find(|case| case.script == "job/promote").expect("a case");
    let (mut rig, keys) = rig(case.script);
    send(&mut rig, &keys, &case, FIRST).expect_err("there is no such job");
    let left: u64 = redis::cmd("DBSIZE").query(rig.connection()).expect("a number");
    assert_eq!(left, 0);
    rig.given(case.given.iter().copied());
    assert_eq!(send(&mut rig, &keys, &case, RESEND), Ok(Value::Int(1)), "nothing was noted");
}

#[test]
fn a_resend_that_a_full_redis_refuses_is_refused_for_good() {
    for (script, full_refuses) in [("job/edit", true), ("queue/pause", false)] {
        let case = cases().into_iter().find(|case| case.script == script).expect("a case");
        let (mut rig, keys) = rig(script);
        rig.given(case.given.iter().copied());
        rig.given(["CONFIG SET maxmemory 1"]);
        let answer = send(&mut rig, &keys, &case, RESEND);
        assert_eq!(answer.is_err(), full_refuses, "{script}: {answer:?}");
        assert!(answer.as_ref().err().is_none_or(|text| text.starts_with("OOM")), "{answer:?}");
        rig.given(["CONFIG SET maxmemory 0"]);
        rig.given(case.undone.iter().copied());
        let before = rig.dump();
        assert_eq!(send(&mut rig, &keys, &case, FIRST), answer, "{script}, late");
        rig.dump().assert_unchanged_since(&before);
    }
}

#[test]
fn the_note_of_a_call_that_had_nothing_to_do_fits_a_full_redis() {
    let case = cases().into_iter().find(|case| case.script == "queue/drain").expect("a case");
    let (mut rig, keys) = rig(case.script);
    rig.given(["CONFIG SET maxmemory 1"]);
    assert_eq!(send(&mut rig, &keys, &case, FIRST), Ok(Value::Int(0)));
    let lives: i64 = redis::cmd("PTTL").arg(Rig::SENDER).query(rig.connection()).expect("a time");
    assert!((1..=600_000).contains(&lives), "the note lives for {lives} ms");
}
