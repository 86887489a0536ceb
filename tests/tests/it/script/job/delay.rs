//! `lua/job/delay.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] =
    &["waiting", "delayed", "completed", "failed", "workers", "meta", "events", "wake"];

fn rig() -> Rig {
    crate::script::rig("job/delay")
}

#[test]
fn changes_when_a_job_is_due() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000009000 a"]);
    rig.replies(KEYS, args![Rig::BASE, "a", "+1000"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000001000
        jq:{q}:delayed zset
          1700000001000 a
        jq:{q}:events stream
          delayed = a
        jq:{q}:wake list
          1
    "#]]);
    rig.replies(KEYS, args![Rig::BASE, "a", "1700000020000"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000020000
        jq:{q}:delayed zset
          1700000020000 a
        jq:{q}:events stream
          delayed = a
          delayed = a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn refuses_a_job_that_is_not_delayed() {
    let mut rig = rig();
    rig.refuses(KEYS, args![Rig::BASE, "a", "+1"], "NOTFOUND no such job");
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", "+1"], "WRONGSTATE waiting");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", "+1"], "LAYOUT 9 2");
}

#[test]
fn the_time_that_it_may_wait_moves_along() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta events 0",
        "ZADD jq:{q}:delayed 1700000009000 a",
        "ZADD jq:{q}:expiring 1700000009500 a 1700000000007 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "a", "+1000"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000001000
        jq:{q}:delayed zset
          1700000001000 a
        jq:{q}:expiring zset
          1700000000007 b
          1700000001500 a
        jq:{q}:meta hash
          events = 0
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn wakes_nobody_for_what_is_due_after_all_look_by_themselves() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta events 0", "ZADD jq:{q}:delayed 1700000009000 a"]);
    rig.replies(KEYS, args![Rig::BASE, "a", "+6000"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000006000
        jq:{q}:delayed zset
          1700000006000 a
        jq:{q}:meta hash
          events = 0
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
    rig.replies(KEYS, args![Rig::BASE, "b", "+3000"], "1");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          281474976710657 b
        jq:{q}:events stream
          delayed = b
        jq:{q}:expiring zset
          1700000007000 b
        jq:{q}:unique:k string
          a - 1700000003000 b
        jq:{q}:uniques hash
          a = k
          b = k
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn what_a_suspended_one_waits_for_is_over_then() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta events 0", "ZADD jq:{q}:delayed 1700000009000 a"]);
    rig.given(["HSET jq:{q}:steps:a @ 1700000009000~paid"]);
    rig.replies(KEYS, args![Rig::BASE, "a", "+500"], "1");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000500 a
        jq:{q}:meta hash
          events = 0
        jq:{q}:steps:a hash
          ! = 1700000009000
          @ = 1700000000500 paid
        jq:{q}:wake list
          1
    "#]]);
}
