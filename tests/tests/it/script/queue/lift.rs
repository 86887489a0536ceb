//! `lua/queue/lift.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "waiting", "wake"];

fn rig() -> Rig {
    crate::script::rig("queue/lift")
}

#[test]
fn ends_a_throttle_and_wakes_somebody() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 throttled_until 1700000060000 throttled_from 1 turn x",
        "ZADD jq:{q}:waiting 1 a",
    ]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn says_that_there_was_none_and_wakes_nobody() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2", "ZADD jq:{q}:waiting 1 a"]);
    let before = rig.dump();
    rig.replies(KEYS, args![], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn refuses_another_layout_and_a_queue_that_is_not_there() {
    let mut rig = rig();
    rig.refuses(KEYS, args![], "NOQUEUE the queue does not exist");
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![], "LAYOUT 9 2");
}
