//! `lua/queue/held_groups.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta"];

#[test]
fn says_why_and_until_when() {
    let mut rig = crate::script::rig("queue/held_groups");
    rig.replies(KEYS, args![Rig::BASE, 10], "[]");
    rig.given([
        // Turns; over; in a second (the clock stands at 1700000000000); full; paused.
        "ZADD jq:{q}:groups 80640 turns 2251799813685248 over 2253499813686248 later",
        "ZADD jq:{q}:groups 3377699720527872 full 3377699720527873 paused",
        "ZADD jq:{q}:waiting:full 1 a 2 b",
    ]);
    let mut active = redis::cmd("ZADD");
    let active = active.arg("jq:{q}:groups:active").arg(0).arg("full\nc").arg(0).arg("fuller\nd");
    let _: u8 = active.query(rig.connection()).expect("added");
    rig.replies(
        KEYS,
        args![Rig::BASE, 10],
        r#"["later", 1700000001000, 0, nil, "full", -1, 2, "c", "paused", -2, 0, nil]"#,
    );
    rig.replies(KEYS, args![Rig::BASE, 1], r#"["later", 1700000001000, 0, nil]"#);
}

#[test]
fn refuses_another_layout() {
    let mut rig = crate::script::rig("queue/held_groups");
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, 10], "LAYOUT 9 2");
}
