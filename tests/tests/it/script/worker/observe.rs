//! `lua/worker/observe.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["histograms", "meta"];

fn rig() -> Rig {
    crate::script::rig("worker/observe")
}

#[test]
fn adds_to_what_was_observed() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2", "HSET jq:{q}:histograms run:3 5 wait:0 1"]);
    rig.replies(KEYS, args!["run:3", 2, "run:sum", 1_700, "retried", 1], "1");
    rig.holds(expect![[r#"
        jq:{q}:histograms hash
          retried = 1
          run:3 = 7
          run:sum = 1700
          wait:0 = 1
        jq:{q}:meta hash
          layout = 2
    "#]]);
}

#[test]
fn keeps_nothing_of_a_queue_that_is_no_more() {
    let mut rig = rig();
    rig.replies(KEYS, args!["run:3", 2], "0");
    rig.holds(expect![""]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["run:3", 2], "LAYOUT 9 2");
}
