//! `lua/topic/configure.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "topic", "messages"];

fn rig() -> Rig {
    crate::script::rig("topic/configure")
}

#[test]
fn settings_come_and_go() {
    let mut rig = rig();
    rig.replies(KEYS, args!["keep", 10, "keep_ms", -1, "alternate", "lost"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          alternate = lost
          keep = 10
          keep_ms = -1
          version = 1700000000000
    "#]]);
    rig.replies(KEYS, args!["alternate", ""], "1");
    rig.given(["XADD jq:{q}:messages 1-1 id m1 priority 0 record r1"]);
    rig.replies(KEYS, args!["keep", "", "keep_ms", ""], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          version = 1700000000002
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["keep", 1, "keep_ms", 1], "LAYOUT 9 2");
}
