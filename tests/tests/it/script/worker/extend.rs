//! `lua/worker/extend.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["workers", "running:by-hand", "visibility", "meta", "wake"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("worker/extend");
    rig.given([
        "ZADD jq:{q}:workers 1700000001000 by-hand",
        "HSET jq:{q}:running:by-hand a 1:1:r1 b 2:2:r1",
        "ZADD jq:{q}:visibility 1700000001000 a 1700000002000 b",
    ]);
    rig
}

#[test]
fn one_of_several_is_out_for_longer_also_if_it_is_asked_for_twice() {
    let mut rig = rig();
    for _ in 0..2 {
        rig.replies(KEYS, args!["r1", "a", 9000], "1");
    }
    rig.holds(expect![[r#"
        jq:{q}:running:by-hand hash
          a = 1:1:r1
          b = 2:2:r1
        jq:{q}:visibility zset
          1700000002000 b
          1700000009000 a
        jq:{q}:workers zset
          1700000002000 by-hand
    "#]]);
}

#[test]
fn the_name_lasts_until_the_first_is_over() {
    let mut rig = rig();
    rig.replies(KEYS, args!["r1", "b", 500], "1");
    rig.holds(expect![[r#"
        jq:{q}:running:by-hand hash
          a = 1:1:r1
          b = 2:2:r1
        jq:{q}:visibility zset
          1700000000500 b
          1700000001000 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000000500 by-hand
    "#]]);
}

#[test]
fn refuses_a_job_that_the_receive_has_not() {
    let mut rig = rig();
    for (receive, id) in [("r2", "a"), ("r", "a"), ("", "a"), ("r1", "x")] {
        let refusal = "LEASELOST the receive does not hold the job";
        rig.refuses(KEYS, args![receive, id, 500], refusal);
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["r1", "a", 500], "LAYOUT 9 2");
}

#[test]
fn a_full_server_still_extends() {
    let mut rig = rig();
    rig.given(["CONFIG SET maxmemory 1"]);
    rig.replies(KEYS, args!["r1", "a", 9000], "1");
}

#[test]
fn a_job_that_comes_back_before_all_others_wakes_a_worker() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000000900 other"]);
    rig.replies(KEYS, args!["r1", "a", 950], "1");
    assert_eq!(rig.call(KEYS, args!["r1", "b", 800]), Ok(redis::Value::Int(1)));
    rig.holds(expect![[r#"
        jq:{q}:running:by-hand hash
          a = 1:1:r1
          b = 2:2:r1
        jq:{q}:visibility zset
          1700000000800 b
          1700000000950 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000000800 by-hand
          1700000000900 other
    "#]]);
}

#[test]
fn refuses_a_job_that_is_cancelled() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta cancelling 1", "HSET jq:{q}:cancels a m"]);
    rig.refuses(KEYS, args!["r1", "a", 500], "CANCELLED the job is cancelled");
    rig.replies(KEYS, args!["r1", "b", 500], "1");
}
