//! `lua/job/promote.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] =
    &["waiting", "delayed", "completed", "failed", "workers", "priority", "meta", "events", "wake"];

fn rig() -> Rig {
    crate::script::rig("job/promote")
}

#[test]
fn makes_a_delayed_job_ready() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000009000 a 1700000009000 b", "HSET jq:{q}:priority a 3"]);
    rig.replies(KEYS, args![Rig::BASE, "a"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:delayed zset
          1700000009000 b
        jq:{q}:events stream
          waiting = a
        jq:{q}:priority hash
          a = 3
        jq:{q}:waiting zset
          4518493766903808 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn refuses_a_job_that_is_not_delayed() {
    let mut rig = rig();
    rig.refuses(KEYS, args![Rig::BASE, "a"], "NOTFOUND no such job");
    rig.given(["ZADD jq:{q}:completed 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, "a"], "WRONGSTATE completed");
    rig.given(["ZADD jq:{q}:workers 1 w", "HSET jq:{q}:running:w b 1:1"]);
    rig.refuses(KEYS, args![Rig::BASE, "b"], "WRONGSTATE active");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a"], "LAYOUT 9 2");
}

#[test]
fn the_time_that_it_may_wait_begins_now() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta events 0",
        "ZADD jq:{q}:delayed 1700000009000 a",
        "ZADD jq:{q}:expiring 1700000009500 a",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "a"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:expiring zset
          1700000000500 a
        jq:{q}:meta hash
          events = 0
        jq:{q}:waiting zset
          4505299627370496 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn one_that_runs_after_another_does_so_in_any_case() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:delayed 281474976710657 b",
        "SET jq:{q}:unique:k a~-~1700000005000~b",
        "HSET jq:{q}:uniques a k b k",
        "ZADD jq:{q}:expiring 1700000007000 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "b"], "1");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          281474976710657 b
        jq:{q}:expiring zset
          1700000007000 b
        jq:{q}:unique:k string
          a - 1700000000000 b
        jq:{q}:uniques hash
          a = k
          b = k
    "#]]);
}

#[test]
fn what_a_suspended_one_waits_for_is_over() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta events 0", "ZADD jq:{q}:delayed 1700000009000 a"]);
    rig.given(["HSET jq:{q}:steps:a @ 1700000009000~paid ! 1700000009500"]);
    rig.replies(KEYS, args![Rig::BASE, "a"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
        jq:{q}:steps:a hash
          ! = 1700000009500
          @ = 1700000000000 paid
        jq:{q}:waiting zset
          4505299627370496 a
        jq:{q}:wake list
          1
    "#]]);
}
