//! `lua/topic/replay.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "messages", "replays", "outbox"];

fn rig() -> Rig {
    crate::script::rig("topic/replay")
}

fn two(rig: &mut Rig) {
    rig.given([
        "HSET jq:{q}:replays b start",
        "XADD jq:{q}:messages 1-1 id m1 priority 0 record r1",
        "XADD jq:{q}:messages 2-0 id m2 priority -3 record r2",
    ]);
}

#[test]
fn each_step_is_made_once() {
    let mut rig = rig();
    two(&mut rig);
    rig.replies(KEYS, args!["b", "start", "(1-1 2-0", "q", "1-1"], "1");
    let before = rig.dump();
    rig.replies(KEYS, args!["b", "start", "(1-1 2-0", "q", "1-1"], "0");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, args!["b", "(1-1 2-0", "", "q", "1-9", "2-0"], "1");
    rig.given(["DEL jq:{q}:messages"]);
    rig.holds(expect![[r#"
        jq:{q}:outbox stream
          to = q, id = m1, priority = 0, record = r1
          to = q, id = m2, priority = -3, record = r2
    "#]]);
    rig.replies(KEYS, args!["b", "(1-1 2-0", "", "q", "2-0"], "0");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    two(&mut rig);
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["b", "start", "", "q", "1-1"], "LAYOUT 9 2");
}
