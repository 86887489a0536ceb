//! Jobs whose runs end before their handlers do.

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::{KEYS, rig, settle};

fn suspended(wish: &str) -> Rig {
    with_flows(wish, &[])
}

fn with_flows(wish: &str, flows: &[&str]) -> Rig {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1", "HSET jq:{q}:attempts a 2"]);
    rig.given(["HDEL jq:{q}:meta events", "HSET jq:{q}:steps:a Qpaid 0~1"]);
    rig.given(flows.iter().copied());
    rig.call(KEYS, settle(1, 0, args![0, 0, 1, "a", wish, -1, 10, 0])).expect("an answer");
    rig
}

#[test]
fn one_that_sleeps_is_delayed_and_says_until_when() {
    suspended("@1700000060000").holds(expect![[r#"
        jq:{q}:attempts hash
          a = 2
        jq:{q}:delayed zset
          1700000060000 a
        jq:{q}:events stream
          suspended = a
        jq:{q}:listed set
          a
        jq:{q}:meta hash
          layout = 2
        jq:{q}:steps:a hash
          @ = 1700000060000
          Qpaid = 0 1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn one_that_waits_for_a_signal_says_its_name() {
    suspended("@1700000060000 sent\nback").holds(expect![[r#"
        jq:{q}:attempts hash
          a = 2
        jq:{q}:delayed zset
          1700000060000 a
        jq:{q}:events stream
          suspended = a
        jq:{q}:listed set
          a
        jq:{q}:meta hash
          layout = 2
        jq:{q}:steps:a hash
          @ = 1700000060000 sent\nback
          Qpaid = 0 1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn one_that_waits_for_its_children_has_a_state_of_its_own() {
    let flows = ["HSET jq:{q}:children a F~G", "HSET jq:{q}:flow:F state running"];
    with_flows("@1700000060000 children pages\nback", &flows).holds(expect![[r#"
        jq:{q}:attempts hash
          a = 2
        jq:{q}:children hash
          a = F G
        jq:{q}:delayed zset
          1700000060000 a
        jq:{q}:events stream
          waiting_children = a
        jq:{q}:flow:F hash
          state = running
        jq:{q}:listed set
          a
        jq:{q}:meta hash
          layout = 2
        jq:{q}:steps:a hash
          @ = 1700000060000 children pages\nback
          Qpaid = 0 1
        jq:{q}:waiting-children zset
          0 a
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn one_whose_children_a_failover_has_lost_is_due_at_once() {
    let ended = ["HSET jq:{q}:children a F~", "HSET jq:{q}:flow:F state completed"];
    for flows in [&[][..], &ended[..1], &ended[..]] {
        let dump = with_flows("@1700000060000 children pages", flows).dump().to_string();
        assert!(dump.contains("1700000000001 a"), "{dump}");
        assert!(!dump.contains("waiting"), "{dump}");
    }
}

#[test]
fn one_whose_signal_has_come_meanwhile_is_due_at_once() {
    suspended("@1700000060000 sent\npaid").holds(expect![[r#"
        jq:{q}:attempts hash
          a = 2
        jq:{q}:delayed zset
          1700000000001 a
        jq:{q}:events stream
          suspended = a
        jq:{q}:listed set
          a
        jq:{q}:meta hash
          layout = 2
        jq:{q}:steps:a hash
          @ = 1700000060000 sent\npaid
          Qpaid = 0 1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn one_whose_wait_is_over_is_due_at_once() {
    suspended("@1600000000000").holds(expect![[r#"
        jq:{q}:attempts hash
          a = 2
        jq:{q}:delayed zset
          1700000000001 a
        jq:{q}:events stream
          suspended = a
        jq:{q}:listed set
          a
        jq:{q}:meta hash
          layout = 2
        jq:{q}:steps:a hash
          @ = 1600000000000
          Qpaid = 0 1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn one_that_was_cancelled_meanwhile_ends() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1", "HSET jq:{q}:meta cancelling 1"]);
    rig.given([
        "HSET jq:{q}:steps:a 0 x",
        "SADD jq:{q}:listed a",
        "HSET jq:{q}:cancels a 0~-1~-1~o",
    ]);
    rig.call(KEYS, settle(1, 0, args![0, 0, 1, "a", "@1700000060000", -1, 10, 0]))
        .expect("an answer");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          cancelled = 1
          events = 0
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}
