//! `lua/job/transfer.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "jobs",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "meta",
    "events",
];

fn rig() -> Rig {
    crate::script::rig("job/transfer")
}

#[test]
fn moves_jobs_that_nobody_runs_into_the_outbox() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r b r c r",
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:failed 1 b",
        "HSET jq:{q}:outcomes b o",
        "ZADD jq:{q}:workers 9 w",
        "HSET jq:{q}:running:w c 1:1",
    ]);
    let each = |id: &str, new: &str| args![id, "", "", "orders", new, -5, "rec", ""];
    let all = [
        args![Rig::BASE, "overflow"],
        each("a", "j1"),
        each("b", "j2"),
        each("c", "j3"),
        each("x", "j4"),
    ];
    rig.replies(KEYS, all.concat(), "\"sent sent active -\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = a b
        jq:{q}:jobs hash
          c = r
        jq:{q}:outbox stream
          to = orders, id = j1, priority = -5, record = rec
          to = orders, id = j2, priority = -5, record = rec
        jq:{q}:running:w hash
          c = 1:1
        jq:{q}:workers zset
          9 w
    "#]]);
}

#[test]
fn a_job_named_twice_is_sent_once() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:jobs a r", "ZADD jq:{q}:waiting 1 a"]);
    let twice = args![
        Rig::BASE,
        "overflow",
        "a",
        "",
        "",
        "o",
        "j1",
        0,
        "r",
        "",
        "a",
        "",
        "",
        "o",
        "j2",
        0,
        "r",
        ""
    ];
    rig.replies(KEYS, twice, "\"sent -\"");
    rig.replies(KEYS, args![Rig::BASE, "overflow", "a", "", "", "o", "j3", 0, "r", ""], "\"-\"");
}

#[test]
fn a_job_whose_dead_letter_waits_elsewhere_stays() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r b r",
        "ZADD jq:{q}:failed 1 a 2 b",
        "HSET jq:{q}:outcomes a o\u{2} b o1",
    ]);
    let call =
        args![Rig::BASE, "", "a", "", "", "o", "a", 0, "r", "", "b", "", "", "o", "b", 0, "r", ""];
    rig.replies(KEYS, call, "\"! sent\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = b
        jq:{q}:failed zset
          1 a
        jq:{q}:jobs hash
          a = r
        jq:{q}:outbox stream
          to = o, id = b, priority = 0, record = r
        jq:{q}:outcomes hash
          a = o\u{2}
    "#]]);
}

#[test]
fn what_is_in_another_state_than_is_meant_or_has_another_record_stays() {
    // Of the record 'r'.
    let digest = "4dc7c9ec434ed06502767136789763ec11d2c4b7";
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r b r c r d edited e r",
        "ZADD jq:{q}:waiting 1 a 2 d",
        "ZADD jq:{q}:delayed 1 b",
        "ZADD jq:{q}:failed 1 c",
        "ZADD jq:{q}:completed 1 e",
        "HSET jq:{q}:outcomes c o1",
        "HSET jq:{q}:meta events 0",
    ]);
    let each = |id: &str, meant: &str| args![id, meant, digest, "o", id, 0, "r", ""];
    let all = [
        args![Rig::BASE, ""],
        each("a", "waiting delayed"),
        each("b", "waiting"),
        each("c", "waiting delayed"),
        each("d", "waiting delayed"),
        each("e", "completed"),
    ];
    rig.replies(KEYS, all.concat(), "\"sent delayed failed other sent\"");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1 b
        jq:{q}:failed zset
          1 c
        jq:{q}:jobs hash
          b = r
          c = r
          d = edited
        jq:{q}:meta hash
          events = 0
        jq:{q}:outbox stream
          to = o, id = a, priority = 0, record = r
          to = o, id = e, priority = 0, record = r
        jq:{q}:outcomes hash
          c = o1
        jq:{q}:waiting zset
          2 d
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "ZADD jq:{q}:waiting 1 a"]);
    rig.refuses(
        KEYS,
        args![Rig::BASE, "overflow", "a", "", "", "o", "j1", 0, "r", ""],
        "LAYOUT 9 2",
    );
}

#[test]
fn a_removed_job_does_not_expire() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:expiring 1 a",
    ]);
    rig.replies(
        KEYS,
        args![Rig::BASE, "overflow", "a", "", "", "to", "id", 0, "r", ""],
        "\"sent\"",
    );
    let left = jobqueue_tests::raw::run(rig.connection(), "EXISTS jq:{q}:expiring");
    assert_eq!(left, redis::Value::Int(0));
}

#[test]
fn a_job_takes_along_how_it_takes_its_place() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0", "ZADD jq:{q}:waiting 1 a"]);
    let call = args![Rig::BASE, "overflow", "a", "", "", "orders", "j1", 0, "r", "=7 - 0 a key"];
    rig.replies(KEYS, call, "\"sent\"");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:outbox stream
          to = orders, id = j1, priority = 0, record = r, arrival = 7 - 0 a key
    "#]]);
}

#[test]
fn the_caller_of_a_request_hears_why_it_left_unless_it_waits_on() {
    for (why, told) in [("overflow", 2), ("", 1)] {
        let mut rig = rig();
        rig.given(["HSET jq:{q}:jobs a@ r", "ZADD jq:{q}:waiting 1 a@"]);
        rig.replies(KEYS, args![Rig::BASE, why, "a@", "", "", "o", "a@", 0, "r", ""], "\"sent\"");
        let sent = jobqueue_tests::raw::run(rig.connection(), "XLEN jq:{q}:outbox");
        assert_eq!(sent, redis::Value::Int(told), "{why}");
    }
}

#[test]
fn what_its_runs_have_recorded_goes_along() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:jobs a r b r", "ZADD jq:{q}:waiting 1 a 2 b"]);
    rig.given(["HSET jq:{q}:steps:a sa w", "SADD jq:{q}:listed a"]);
    let along = |text: &str| args!["", "", "o", "j", 0, "r", text];
    let call = [args![Rig::BASE, "", "a"], along("=- -"), args!["b"], along("+3:- -4 1 sb v")];
    rig.replies(KEYS, call.concat(), "\"sent sent\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = a b
        jq:{q}:outbox stream
          to = o, id = j, priority = 0, record = r, arrival = - -, steps = 2 1 saw
          to = o, id = j, priority = 0, record = r, arrival = - -, steps = 4 1 sb v
    "#]]);
}
