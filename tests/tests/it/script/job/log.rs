//! `lua/job/log.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["running:w1", "listed", "meta"];

fn rig() -> Rig {
    crate::script::rig("job/log")
}

#[test]
fn keeps_the_newest_lines() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1"]);
    rig.replies(KEYS, args![Rig::BASE, "a", 3, "one", "two"], "2");
    rig.replies(KEYS, args![Rig::BASE, "a", 3, "three", "four"], "3");
    rig.holds(expect![[r#"
        jq:{q}:listed set
          a
        jq:{q}:logs:a list
          two
          three
          four
        jq:{q}:running:w1 hash
          a = 1:1
    "#]]);
}

#[test]
fn refuses_a_worker_that_does_not_hold_the_job() {
    let mut rig = rig();
    rig.refuses(
        KEYS,
        args![Rig::BASE, "a", 3, "x"],
        "LEASELOST the worker no longer holds this job",
    );
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 3, "x"], "LAYOUT 9 2");
}
