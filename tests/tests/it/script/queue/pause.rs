//! `lua/queue/pause.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "events"];

fn rig() -> Rig {
    crate::script::rig("queue/pause")
}

#[test]
fn pauses_and_says_so() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          paused = ""
        jq:{q}:meta hash
          layout = 2
          paused = 1
    "#]]);
}

#[test]
fn pausing_again_changes_nothing() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig.replies(KEYS, args![], "1");
    let once = rig.dump();
    rig.replies(KEYS, args![], "0");
    rig.dump().assert_unchanged_since(&once);
}

#[test]
fn is_silent_where_events_are_off() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
          paused = 1
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![], "LAYOUT 9 2");
}

#[test]
fn makes_no_queue() {
    let mut rig = rig();
    rig.refuses(KEYS, args![], "NOQUEUE the queue does not exist");
}
