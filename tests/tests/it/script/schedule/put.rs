//! `lua/schedule/put.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["schedules", "ticks", "marks", "owners", "ticking", "meta", "wake"];

fn rig() -> Rig {
    crate::script::rig("schedule/put")
}

#[test]
fn writes_a_schedule_and_wakes_a_worker_if_it_is_due_soon() {
    let mut rig = rig();
    let new = args!["nightly", "", "", "rule", "", "billing", "=1700000005000"];
    rig.replies(KEYS, new, "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
          ticks = 1700000005000
        jq:{q}:owners hash
          nightly = billing
        jq:{q}:schedules hash
          nightly = rule
        jq:{q}:ticks zset
          1700000005000 nightly
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn what_is_due_later_wakes_nobody() {
    let mut rig = rig();
    rig.replies(KEYS, args!["nightly", "", "", "rule", "", "", "=1700000005001"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
          ticks = 1700000005001
        jq:{q}:schedules hash
          nightly = rule
        jq:{q}:ticks zset
          1700000005001 nightly
    "#]]);
}

#[test]
fn a_sooner_tick_ends_the_turn_of_whoever_knows_only_the_later_one() {
    let mut rig = rig();
    rig.given([
        "SET jq:{q}:ticking other",
        "HSET jq:{q}:meta layout 2 ticks 1700000009000",
        "ZADD jq:{q}:ticks 1700000009000 a",
        "HSET jq:{q}:schedules a old",
    ]);
    rig.replies(KEYS, args!["b", "", "", "rule", "", "", "=1700000010000"], "1");
    rig.replies(KEYS, args!["c", "", "", "rule", "", "", "=1700000001000"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
          ticks = 1700000001000
        jq:{q}:schedules hash
          a = old
          b = rule
          c = rule
        jq:{q}:ticks zset
          1700000001000 c
          1700000009000 a
          1700000010000 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn an_earlier_tick_stays_if_the_caller_says_so() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:schedules a rule b rule c rule",
        "ZADD jq:{q}:ticks 1600000000000 a 1700000900000 b",
        "HSET jq:{q}:marks a moved",
        "HSET jq:{q}:owners a billing",
    ]);
    for (id, marks) in [("a", "moved"), ("b", ""), ("c", "")] {
        rig.replies(KEYS, args![id, "rule", marks, "rule", "", "", "<1700000800000"], "1");
    }
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
          ticks = 1600000000000
        jq:{q}:schedules hash
          a = rule
          b = rule
          c = rule
        jq:{q}:ticks zset
          1600000000000 a
          1700000800000 b
          1700000800000 c
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_paused_schedule_has_no_tick() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:schedules a rule",
        "ZADD jq:{q}:ticks 1700000001000 a",
        "HSET jq:{q}:meta layout 2 ticks 1700000001000",
    ]);
    rig.replies(KEYS, args!["a", "rule", "", "rule", "paused", "", ""], "1");
    rig.holds(expect![[r#"
        jq:{q}:marks hash
          a = paused
        jq:{q}:meta hash
          layout = 2
        jq:{q}:schedules hash
          a = rule
    "#]]);
}

#[test]
fn one_that_has_changed_since_it_was_read_stays() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:schedules a new", "HSET jq:{q}:marks a paused"]);
    let before = rig.dump();
    for (rule, marks) in [("", ""), ("old", "paused"), ("new", "")] {
        rig.replies(KEYS, args!["a", rule, marks, "mine", "", "", "=1700000001000"], "0");
    }
    assert_eq!(rig.dump().to_string(), before.to_string());
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["a", "", "", "rule", "", "", "=1"], "LAYOUT 9 2");
}
