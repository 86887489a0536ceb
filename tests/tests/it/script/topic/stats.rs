//! `lua/topic/stats.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["topic", "bindings", "replays", "outbox", "messages"];

fn rig() -> Rig {
    crate::script::rig("topic/stats")
}

#[test]
fn reports_bindings_replays_and_lengths() {
    let mut rig = rig();
    rig.replies(KEYS, args![9], r#"["", [], [], 0, 0, [], 0, "", 1700000000000]"#);
    rig.given([
        "HSET jq:{q}:topic published 5 alternate lost",
        "HSET jq:{q}:bindings a x",
        "HSET jq:{q}:replays a 1-0",
        "XADD jq:{q}:outbox 1-1 to a id m1 priority 0 record r1",
        "XADD jq:{q}:outbox 1-2 to b id m1 priority 0 record r1",
        "XADD jq:{q}:messages 3-1 id m1 priority 0 record r1",
    ]);
    let all = r#"["lost", ["a", "x"], ["a", "1-0"], 5, 2, ["1-1", "a"], 1, "3-1", 1700000000000]"#;
    rig.replies(KEYS, args![1], all);
}
