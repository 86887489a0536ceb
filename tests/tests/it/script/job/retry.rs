//! `lua/job/retry.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "outcomes",
    "uniques",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    crate::script::rig("job/retry")
}

#[test]
fn runs_a_failed_job_again_as_if_new() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:failed 1 a 2 b",
        "HSET jq:{q}:outcomes a o b o",
        "HSET jq:{q}:attempts a 3 b 3",
        "HSET jq:{q}:stalls a 1",
        "HSET jq:{q}:misses a 1",
        "HSET jq:{q}:priority a -1",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "a", 0], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
          b = 3
        jq:{q}:events stream
          waiting = a
        jq:{q}:failed zset
          2 b
        jq:{q}:meta hash
          newest = 1700000000001 a
        jq:{q}:outcomes hash
          b = o
        jq:{q}:priority hash
          a = -1
        jq:{q}:waiting zset
          4500901580859393 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn runs_a_completed_job_again_as_if_new() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:completed 1 a", "HSET jq:{q}:meta layout 2 events 0"]);
    rig.replies(KEYS, args![Rig::BASE, "a", 0], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:meta hash
          events = 0
          layout = 2
          newest = 1700000000001 a
        jq:{q}:waiting zset
          4505299627370497 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn refuses_an_unfinished_job() {
    let mut rig = rig();
    rig.refuses(KEYS, args![Rig::BASE, "a", 0], "NOTFOUND no such job");
    rig.given(["ZADD jq:{q}:delayed 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 0], "WRONGSTATE delayed");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 0], "LAYOUT 9 2");
}

#[test]
fn takes_its_unique_key_again() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:failed 1 a 2 b",
        "HSET jq:{q}:uniques a k b k",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "a", 0], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:failed zset
          2 b
        jq:{q}:meta hash
          events = 0
          layout = 2
          newest = 1700000000001 a
        jq:{q}:unique:k string
          a
        jq:{q}:uniques hash
          a = k
          b = k
        jq:{q}:waiting zset
          4505299627370497 a
        jq:{q}:wake list
          1
    "#]]);
    rig.refuses(KEYS, args![Rig::BASE, "b", 0], "KEYHELD a");
}

#[test]
fn a_key_that_it_holds_itself_is_no_obstacle() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:failed 1 a", "HSET jq:{q}:uniques a k", "SET jq:{q}:unique:k a"]);
    rig.replies(KEYS, args![Rig::BASE, "a", 0], "1");
}

#[test]
fn refuses_a_job_whose_dead_letter_waits_elsewhere() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:failed 1 a", "HSET jq:{q}:outcomes a _\u{2}_"]);
    let refusal = "DEADLETTER its dead letter waits elsewhere";
    rig.refuses(KEYS, args![Rig::BASE, "a", 0], refusal);
}

#[test]
fn forgets_on_demand_what_was_recorded_for_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:completed 1 a 2 b",
        "SET jq:{q}:once:job:a =r",
        "SET jq:{q}:once:job:b =r",
        "SET jq:{q}:once:key:a =r",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "b", 0], "1");
    rig.replies(KEYS, args![Rig::BASE, "a", 1], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
          b = 0@1700000000000
        jq:{q}:meta hash
          events = 0
          layout = 2
          newest = 1700000000002 a
        jq:{q}:once:job:b string
          =r
        jq:{q}:once:key:a string
          =r
        jq:{q}:waiting zset
          4505299627370497 b
          4505299627370498 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn what_was_recorded_stays_unless_it_was_undone_or_is_to_be_forgotten() {
    for (undone, anew, left) in [(false, 0, 1), (true, 0, 0), (false, 1, 0)] {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:failed 1 a", "SADD jq:{q}:listed a", "HSET jq:{q}:steps:a s v"]);
        if undone {
            rig.given(["HSET jq:{q}:steps:a x failure"]);
        }
        rig.replies(KEYS, args![Rig::BASE, "a", anew], "1");
        let there = jobqueue_tests::raw::run(rig.connection(), "EXISTS jq:{q}:steps:a");
        assert_eq!(there, redis::Value::Int(left), "{undone} {anew}");
    }
}
