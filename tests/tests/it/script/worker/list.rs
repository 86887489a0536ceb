//! `lua/worker/list.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["workers", "identities", "meta"];

fn rig() -> Rig {
    crate::script::rig("worker/list")
}

fn given(rig: &mut Rig) {
    rig.given([
        "ZADD jq:{q}:workers 1700000005000.5 w2 1600000000000 w1 1700000006000 w3",
        "HSET jq:{q}:identities w2 card",
        "HSET jq:{q}:running:w2 a 1:1",
    ]);
}

#[test]
fn says_who_they_are_and_what_they_hold() {
    let mut rig = rig();
    given(&mut rig);
    let before = rig.dump();
    rig.replies(
        KEYS,
        args![Rig::BASE, "", 10, 5],
        r#"[1700000000000, ["w1", "1600000000000", nil, 0, ""], ["w2", "1700000005000", "card", 1, "a"], ["w3", "1700000006000", nil, 0, ""]]"#,
    );
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn goes_on_behind_the_last() {
    let mut rig = rig();
    given(&mut rig);
    rig.replies(
        KEYS,
        args![Rig::BASE, "w1", 1, 0],
        r#"[1700000000000, ["w2", "1700000005000", "card", 1, ""]]"#,
    );
    rig.replies(KEYS, args![Rig::BASE, "w3", 1, 0], "[1700000000000]");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "", 10, 5], "LAYOUT 9 2");
}
