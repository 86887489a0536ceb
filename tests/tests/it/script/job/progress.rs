//! `lua/job/progress.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["running:w1", "progress", "meta", "events"];

fn rig() -> Rig {
    crate::script::rig("job/progress")
}

#[test]
fn notes_how_far_a_run_is() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1"]);
    rig.replies(KEYS, args!["a", "half"], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          progress = a
        jq:{q}:progress hash
          a = half
        jq:{q}:running:w1 hash
          a = 1:1
    "#]]);
}

#[test]
fn refuses_a_worker_that_does_not_hold_the_job() {
    let mut rig = rig();
    rig.refuses(KEYS, args!["a", "half"], "LEASELOST the worker no longer holds this job");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["a", "half"], "LAYOUT 9 2");
}
