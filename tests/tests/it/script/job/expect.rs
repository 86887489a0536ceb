//! `lua/job/expect.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};

const KEYS: &[&str] = &["running:w1", "listed", "meta"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("job/expect");
    rig.given(["HSET jq:{q}:running:w1 a 1:1"]);
    rig
}

fn wait(until: &str, is_over: u8) -> Vec<Vec<u8>> {
    args![Rig::BASE, "a", "wpaid", 3, "paid", until, is_over, ""]
}

#[test]
fn notes_until_when_a_run_waits() {
    let mut rig = rig();
    rig.replies(KEYS, wait("+5000", 0), r#""1700000000000 w1700000005000""#);
    rig.holds(expect![[r#"
        jq:{q}:listed set
          a
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:steps:a hash
          # = 1 35
          wpaid = 3 1700000000000 w1700000005000
    "#]]);
    rig.replies(KEYS, wait("1700000005000", 0), r#""1700000000000 w1700000005000""#);
}

#[test]
fn takes_the_first_signal_of_the_name_even_if_the_time_is_over() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:steps:a Qpaid 4~6 ? 3"]);
    for (field, value) in [("q4 paid", "one"), ("q5 paid", "two"), ("q0 sent", "x")] {
        let mut set = redis::cmd("HSET");
        set.arg("jq:{q}:steps:a").arg(field).arg(value).exec(rig.connection()).expect("set");
    }
    rig.replies(KEYS, wait("1", 0), r#""1700000000000 t\none""#);
    rig.replies(KEYS, wait("1", 1), r#""1700000000000 t\ntwo""#);
    rig.replies(KEYS, wait("+0", 0), r#""1700000000000 o""#);
    rig.holds(expect![[r#"
        jq:{q}:listed set
          a
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:steps:a hash
          # = 1 22
          ? = 1
          q0 sent = x
          wpaid = 3 1700000000000 o
    "#]]);
}

#[test]
fn a_wait_that_is_over_by_hand_is_over() {
    let mut rig = rig();
    rig.replies(KEYS, wait("1800000000000", 1), r#""1700000000000 o""#);
}

#[test]
fn a_signal_is_kept_if_there_is_no_room_for_it() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:steps:a # 1000~9 Qpaid 0~1"]);
    rig.replies(KEYS, wait("+5", 0), r#""full""#);
    rig.holds(expect![[r#"
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:steps:a hash
          # = 1000 9
          Qpaid = 0 1
    "#]]);
}

#[test]
fn refusals_change_nothing() {
    let mut rig = rig();
    rig.given(["DEL jq:{q}:running:w1"]);
    rig.refuses(KEYS, wait("+5", 0), "LEASELOST the worker no longer holds this job");
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, wait("+5", 0), "LAYOUT 9 2");
}

#[test]
fn the_end_of_a_flow_is_not_waited_for_if_it_has_ended_or_is_none() {
    let of_flow = || args![Rig::BASE, "a", "wpaid", 3, "paid", "+5000", 0, "k"];
    let mut rig = rig();
    rig.replies(KEYS, of_flow(), r#""noflow""#);
    for (state, answer) in [
        ("running", r#""1700000000000 w1700000005000""#),
        ("cancelling", r#""1700000000000 w1700000005000""#),
        ("completed", r#""1700000000000 o""#),
        ("failed", r#""1700000000000 o""#),
        ("cancelled", r#""1700000000000 o""#),
    ] {
        run(rig.connection(), &format!("HSET jq:{{q}}:flow:k state {state}"));
        rig.replies(KEYS, of_flow(), answer);
    }
    // A signal that has come is taken in any case.
    run(rig.connection(), "DEL jq:{q}:flow:k");
    rig.given(["HSET jq:{q}:steps:a Qpaid 4~5 ? 1"]);
    let mut set = redis::cmd("HSET");
    set.arg("jq:{q}:steps:a").arg("q4 paid").arg("one").exec(rig.connection()).expect("set");
    rig.replies(KEYS, of_flow(), r#""1700000000000 t\none""#);
}
