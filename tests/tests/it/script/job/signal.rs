//! `lua/job/signal.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "priority",
    "listed",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    crate::script::rig("job/signal")
}

fn signal(name: &str, value: &str) -> Vec<Vec<u8>> {
    args![Rig::BASE, "a", name, value, 3]
}

#[test]
fn one_that_nobody_waits_for_is_kept() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    for value in ["one", "two"] {
        rig.replies(KEYS, signal("paid", value), "0");
    }
    rig.replies(KEYS, signal("sent", "x"), "0");
    rig.refuses(KEYS, signal("sent", "y"), "SIGNALSFULL 3");
    rig.holds(expect![[r#"
        jq:{q}:listed set
          a
        jq:{q}:steps:a hash
          ? = 3
          Qpaid = 0 2
          Qsent = 0 1
          q0 paid = one
          q0 sent = x
          q1 paid = two
        jq:{q}:waiting zset
          1 a
    "#]]);
}

#[test]
fn one_that_a_job_waits_for_makes_it_ready() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000060000 a", "HSET jq:{q}:priority a 2"]);
    rig.given(["HSET jq:{q}:steps:a @ 1700000060000~sent\npaid"]);
    rig.replies(KEYS, signal("pai", "x"), "0");
    rig.replies(KEYS, signal("paid", "x"), "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          waiting = a
        jq:{q}:listed set
          a
        jq:{q}:priority hash
          a = 2
        jq:{q}:steps:a hash
          ? = 2
          @ = 1700000060000 sent\npaid
          Qpai = 0 1
          Qpaid = 0 1
          q0 pai = x
          q0 paid = x
        jq:{q}:waiting zset
          4514095720392704 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_job_that_is_delayed_for_another_reason_stays_so() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000070000 a"]);
    rig.given(["HSET jq:{q}:steps:a @ 1700000060000~paid"]);
    rig.replies(KEYS, signal("paid", "x"), "0");
}

#[test]
fn refusals_change_nothing() {
    let mut rig = rig();
    rig.refuses(KEYS, signal("paid", "x"), "NOTFOUND no such job");
    rig.given(["ZADD jq:{q}:completed 1 a"]);
    rig.refuses(KEYS, signal("paid", "x"), "WRONGSTATE completed");
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, signal("paid", "x"), "LAYOUT 9 2");
}
