//! `lua/outbox/readmit.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "jobs",
    "waiting",
    "delayed",
    "completed",
    "failed",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "sources",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    crate::script::rig("outbox/readmit")
}

/// A call with these jobs: entry, id, record, priority, due, ttl, lifetime, key;
/// without tags.
fn call(jobs: &[[&str; 8]]) -> Vec<Vec<u8>> {
    let jobs: Vec<Vec<u8>> = jobs.iter().flat_map(|job| args![&job[..], "", ""]).collect();
    [args![Rig::BASE, "dlq", "taken"], jobs].concat()
}

#[test]
fn each_job_takes_its_place_as_it_was_added() {
    let mut rig = rig();
    let jobs = || {
        call(&[
            ["1-0", "plain", "r1", "0", "", "", "0", ""],
            ["1-1", "late", "r2", "-5", "1700000005000", "700", "0", "k"],
            ["2-0", "past", "r3", "7", "1600000000000", "", "60000", "l"],
        ])
    };
    rig.replies(KEYS, jobs(), "[3, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          late = 0@1700000005000
          past = 0@1700000000000
          plain = 0@1700000000000
        jq:{q}:delayed zset
          1700000005000 late
        jq:{q}:events stream
          added = plain late past
        jq:{q}:expiring zset
          1700000005700 late
        jq:{q}:jobs hash
          late = r2
          past = r3
          plain = r1
        jq:{q}:meta hash
          added = 3
          expiring = 1
          layout = 2
          newest = 1700000000002 past
        jq:{q}:priority hash
          late = -5
          past = 7
        jq:{q}:sources hash
          dlq = 2-0
        jq:{q}:unique:k string
          late
        jq:{q}:unique:l string, expires
          past
        jq:{q}:uniques hash
          late = k
        jq:{q}:waiting zset
          4505299627370497 plain
          4536085952948226 past
        jq:{q}:wake list
          1
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, jobs(), "[0, 0]");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn an_ended_job_of_its_id_is_replaced() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0 paused 1 ttl 500",
        "HSET jq:{q}:jobs a old",
        "ZADD jq:{q}:failed 1 a",
        "HSET jq:{q}:outcomes a o",
        "HSET jq:{q}:attempts a 3",
        "HSET jq:{q}:uniques a k",
    ]);
    rig.replies(KEYS, call(&[["1-0", "a", "new", "0", "", "", "0", "k"]]), "[1, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:expiring zset
          1700000000500 a
        jq:{q}:jobs hash
          a = new
        jq:{q}:meta hash
          added = 1
          events = 0
          expiring = 1
          layout = 2
          newest = 1700000000001 a
          paused = 1
          ttl = 500
        jq:{q}:sources hash
          dlq = 1-0
        jq:{q}:unique:k string
          a
        jq:{q}:uniques hash
          a = k
        jq:{q}:waiting zset
          4505299627370497 a
    "#]]);
}

#[test]
fn so_is_one_that_was_cancelled() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0 paused 1",
        "HSET jq:{q}:jobs a old",
        "ZADD jq:{q}:cancelled 1 a",
        "HSET jq:{q}:outcomes a o",
    ]);
    rig.replies(KEYS, call(&[["1-0", "a", "new", "0", "", "", "0", ""]]), "[1, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:jobs hash
          a = new
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
          newest = 1700000000001 a
          paused = 1
        jq:{q}:sources hash
          dlq = 1-0
        jq:{q}:waiting zset
          4505299627370497 a
    "#]]);
}

#[test]
fn a_job_whose_id_or_key_is_taken_arrives_as_failed() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a other b done",
        "ZADD jq:{q}:waiting 7 a",
        "ZADD jq:{q}:completed 7 b",
        "HSET jq:{q}:outcomes b o",
        "SET jq:{q}:unique:k a",
        "HSET jq:{q}:uniques a k",
    ]);
    let jobs = || {
        call(&[
            ["1-0", "a", "back", "-5", "", "", "0", ""],
            ["1-1", "b", "new", "0", "", "", "0", "k"],
            ["1-2", "c", "rc", "0", "", "", "0", "l"],
            ["1-3", "d", "rd", "0", "", "", "60000", "l"],
        ])
    };
    rig.replies(KEYS, jobs(), "[1, 3]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          c = 0@1700000000000
        jq:{q}:events stream
          added = c
          failed = a.9f1f2ee5d62766d9 b d
        jq:{q}:failed zset
          1700000000000 a.9f1f2ee5d62766d9
          1700000000000 b
          1700000000000 d
        jq:{q}:jobs hash
          a = other
          a.9f1f2ee5d62766d9 = back
          b = new
          c = rc
          d = rd
        jq:{q}:meta hash
          added = 4
          failed = 3
          layout = 2
          newest = 1700000000001 c
        jq:{q}:outcomes hash
          a.9f1f2ee5d62766d9 = taken
          b = taken
          d = taken
        jq:{q}:priority hash
          a.9f1f2ee5d62766d9 = -5
        jq:{q}:sources hash
          dlq = 1-3
        jq:{q}:unique:k string
          a
        jq:{q}:unique:l string
          c
        jq:{q}:uniques hash
          a = k
          b = k
          c = l
        jq:{q}:waiting zset
          7 a
          4505299627370497 c
        jq:{q}:wake list
          1
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, jobs(), "[0, 0]");
    rig.dump().assert_unchanged_since(&before);
}

/// The script records the source's position last, so that all jobs come again; those that are there
/// already don't meet themselves.
#[test]
fn a_call_that_was_cut_off_half_way_is_made_good() {
    let jobs = || {
        call(&[["1-0", "a", "ra", "0", "", "", "0", "k"], ["1-1", "b", "rb", "3", "", "", "0", ""]])
    };
    let mut undisturbed = rig();
    undisturbed.replies(KEYS, jobs(), "[2, 0]");
    for column in ["waiting", "priority", "uniques", "sources"] {
        let mut rig = rig();
        let key = format!("jq:{{q}}:{column}");
        rig.given([format!("SET {key} wrong").as_str()]);
        rig.call(KEYS, jobs()).expect_err("it isn't what it should be");
        rig.given([format!("DEL {key}").as_str()]);
        rig.call(KEYS, jobs()).expect("an answer");
        let keys = |rig: &mut Rig| rig.dump().0.into_keys().collect::<Vec<_>>();
        assert_eq!(keys(&mut rig), keys(&mut undisturbed), "{column}");
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, call(&[["1-0", "a", "r", "0", "", "", "0", ""]]), "LAYOUT 9 2");
}

#[test]
fn notes_how_large_records_may_be() {
    let mut rig = rig();
    let large = "x".repeat(1_025);
    rig.replies(KEYS, call(&[["1-0", "plain", &large, "0", "", "", "0", ""]]), "[1, 0]");
    let noted = jobqueue_tests::raw::run(rig.connection(), "HGET jq:{q}:meta largest");
    assert_eq!(noted, redis::Value::BulkString(b"1025".to_vec()));
}

#[test]
fn tags_come_along() {
    let mut rig = rig();
    let job = args!["1-0", "a", "r", "0", "", "", "0", "", "x:1\ny", ""];
    rig.replies(KEYS, [args![Rig::BASE, "dlq", "taken"], job].concat(), "[1, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:events stream
          added = a
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          added = 1
          layout = 2
          newest = 1700000000001 a
          tagged = 1
        jq:{q}:sources hash
          dlq = 1-0
        jq:{q}:tag:x:1 zset
          0 a
        jq:{q}:tag:y zset
          0 a
        jq:{q}:tags hash
          a = x:1\ny
        jq:{q}:waiting zset
          4505299627370497 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn what_its_runs_have_recorded_comes_along() {
    let mut rig = rig();
    let job = args!["1-0", "a", "r", "0", "", "", "0", "", "", "2 5 sa0 1 v1 3 #1 9"];
    rig.given(["HSET jq:{q}:meta events 0"]);
    rig.replies(KEYS, [args![Rig::BASE, "dlq", "taken"], job].concat(), "[1, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:jobs hash
          a = r
        jq:{q}:listed set
          a
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
          newest = 1700000000001 a
        jq:{q}:sources hash
          dlq = 1-0
        jq:{q}:steps:a hash
          # = 1 9
          sa = 0 1 v
        jq:{q}:waiting zset
          4505299627370497 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn the_keys_of_a_job_are_noted() {
    let mut rig = rig();
    let record = crate::script::keyed("", "1 user:7");
    let job = args!["1-0", "a", &*record, "0", "", "", "0", "", "", ""];
    rig.replies(KEYS, [args![Rig::BASE, "dlq", "taken"], job].concat(), "[1, 0]");
    rig.given(["DEL jq:{q}:jobs jq:{q}:events"]);
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:keys_of hash
          a = 1 user:7
        jq:{q}:meta hash
          added = 1
          grouped = 2
          layout = 2
          newest = 1700000000001 a
        jq:{q}:sources hash
          dlq = 1-0
        jq:{q}:waiting zset
          4505299627370497 a
        jq:{q}:wake list
          1
    "#]]);
}
