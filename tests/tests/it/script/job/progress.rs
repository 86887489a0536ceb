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
          progress = a, value = half
        jq:{q}:progress hash
          a = half
        jq:{q}:running:w1 hash
          a = 1:1
    "#]]);
}

#[test]
fn a_large_one_does_not_go_along_with_its_event() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1 b 1:1", "HSET jq:{q}:meta layout 2 events 0"]);
    rig.replies(KEYS, args!["a", "no event"], "1");
    rig.given(["HDEL jq:{q}:meta events", "HDEL jq:{q}:progress a"]);
    let (most, more) = ("x".repeat(1_024), "y".repeat(1_025));
    rig.replies(KEYS, args!["a", &*most], "1");
    rig.replies(KEYS, args!["b", &*more], "1");
    let dump = rig.dump().to_string();
    let events = dump.lines().skip_while(|line| !line.contains("events stream")).skip(1);
    let events: Vec<_> = events.take_while(|line| line.starts_with("  ")).collect();
    assert_eq!(events, [format!("  progress = a, value = {most}"), "  progress = b".to_owned()]);
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
