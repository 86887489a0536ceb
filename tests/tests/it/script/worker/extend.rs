//! `lua/worker/extend.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["workers", "running:w1", "running:w0", "meta", "wake"];

fn rig() -> Rig {
    crate::script::rig("worker/extend")
}

#[test]
fn one_of_several_gets_a_lease_of_its_own_also_if_it_is_asked_for_twice() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000001000 w0", "HSET jq:{q}:running:w0 a 1:1 b 2:2"]);
    for _ in 0..2 {
        rig.replies(KEYS, args!["w1", "w0", "a", 9000], "1");
    }
    rig.holds(expect![[r#"
        jq:{q}:running:w0 hash
          b = 2:2
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:workers zset
          1700000001000 w0
          1700000009000 w1
    "#]]);
}

#[test]
fn the_old_lease_goes_with_the_last_job() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000001000 w0", "HSET jq:{q}:running:w0 a 1:1"]);
    rig.replies(KEYS, args!["w1", "w0", "a", 500], "1");
    rig.holds(expect![[r#"
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000000500 w1
    "#]]);
}

#[test]
fn refuses_a_job_that_is_not_held() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w0", "HSET jq:{q}:running:w0 b 1:1"]);
    rig.refuses(KEYS, args!["w1", "w0", "a", 500], "LEASELOST the worker does not hold the job");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "HSET jq:{q}:running:w0 a 1:1"]);
    rig.refuses(KEYS, args!["w1", "w0", "a", 500], "LAYOUT 9 2");
}

#[test]
fn a_lease_that_ends_before_all_others_wakes_a_worker() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000010000 w0 1700000008000 other",
        "HSET jq:{q}:running:w0 a 1:1 b 1:1",
    ]);
    rig.replies(KEYS, args!["w1", "w0", "a", 3000], "1");
    rig.holds(expect![[r#"
        jq:{q}:running:w0 hash
          b = 1:1
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000003000 w1
          1700000008000 other
          1700000010000 w0
    "#]]);
}
