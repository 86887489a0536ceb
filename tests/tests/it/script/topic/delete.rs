//! `lua/topic/delete.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "topic", "bindings", "replays", "messages"];

fn rig() -> Rig {
    crate::script::rig("topic/delete")
}

#[test]
fn deletes_everything_but_entries_on_their_way() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2",
        "HSET jq:{q}:topic version 7",
        "HSET jq:{q}:bindings a x",
        "HSET jq:{q}:replays a 1-0",
        "XADD jq:{q}:messages 1-1 id m1 priority 0 record r1",
        "XADD jq:{q}:outbox 1-1 to a id m1 priority 0 record r1",
    ]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = a, id = m1, priority = 0, record = r1
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, args![], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "HSET jq:{q}:topic version 7"]);
    rig.refuses(KEYS, args![], "LAYOUT 9 2");
}
