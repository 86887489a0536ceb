//! `lua/topic/unbind.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "topic", "bindings", "replays"];

fn rig() -> Rig {
    crate::script::rig("topic/unbind")
}

#[test]
fn removes_bindings_by_name() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:bindings a x b x c x",
        "HSET jq:{q}:replays b 1-0",
        "HSET jq:{q}:topic version 1800000000000",
    ]);
    rig.replies(KEYS, args!["a", "b", "z"], "2");
    rig.holds(expect![[r#"
        jq:{q}:bindings hash
          c = x
        jq:{q}:topic hash
          version = 1800000000001
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, args!["a"], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "HSET jq:{q}:bindings a x"]);
    rig.refuses(KEYS, args!["a"], "LAYOUT 9 2");
}
