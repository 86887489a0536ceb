//! `lua/topic/bind.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "topic", "bindings", "messages", "replays"];

fn rig() -> Rig {
    crate::script::rig("topic/bind")
}

#[test]
fn a_binding_is_new_once_and_its_filter_can_change() {
    let mut rig = rig();
    rig.replies(KEYS, args!["a #", "", 9, ""], "1");
    rig.holds(expect![[r#"
        jq:{q}:bindings hash
          a # = ""
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          version = 1700000000000
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, args!["a #", "", 9, ""], "0");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, args!["a #", "f", 9, ""], "0");
    rig.holds(expect![[r#"
        jq:{q}:bindings hash
          a # = f
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          version = 1700000000001
    "#]]);
}

#[test]
fn one_that_starts_in_the_past_is_told_where_that_ends() {
    let mut rig = rig();
    rig.given([
        "XADD jq:{q}:messages 1-1 id m1 priority 0 record r1",
        "XADD jq:{q}:messages 2-0 id m2 priority 0 record r2",
    ]);
    rig.replies(KEYS, args!["a #", "", 9, "-"], "1");
    rig.holds(expect![[r#"
        jq:{q}:bindings hash
          a # = ""
        jq:{q}:messages stream
          id = m1, priority = 0, record = r1
          id = m2, priority = 0, record = r2
        jq:{q}:meta hash
          layout = 2
        jq:{q}:replays hash
          a # = - 2-0
        jq:{q}:topic hash
          version = 1700000000000
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, args!["a #", "", 9, "-"], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn without_kept_messages_there_is_no_past() {
    let mut rig = rig();
    rig.replies(KEYS, args!["a #", "", 9, "-"], "1");
    rig.holds(expect![[r#"
        jq:{q}:bindings hash
          a # = ""
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          version = 1700000000000
    "#]]);
}

#[test]
fn refuses_more_than_there_may_be() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:bindings a x b x"]);
    rig.refuses(KEYS, args!["c", "", 2, ""], "TOOMANY 2");
    rig.replies(KEYS, args!["b", "y", 2, ""], "0");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["a #", "", 9, ""], "LAYOUT 9 2");
}
