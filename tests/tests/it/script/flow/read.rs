//! `lua/flow/read.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::started;

const KEYS: &[&str] = &["flows"];

fn rig() -> Rig {
    // rig("flow/read")
    started("flow/read", "f")
}

#[test]
fn a_flow_is_read_with_some_of_its_groups() {
    let mut rig = rig();
    rig.answers(KEYS, args![Rig::BASE, "F", "", 0, 1], expect![[r#"
        "F"
        ["f", "running", "3", "2", "3", nil, nil, nil, "1700000000000", nil, "1", nil, "0", nil, nil, nil]
        [["2 f 0 - - - leaves 1 -", "2", "", "2", "", "leaf", "", ""]]
    "#]]);
    rig.answers(KEYS, args![Rig::BASE, "", "f", 1, 9], expect![[r#"
        "F"
        ["f", "running", "3", "2", "3", nil, nil, nil, "1700000000000", nil, "1", nil, "0", nil, nil, nil]
        [["1 f -5 - - - tops - 0", "1", "1", "", "", "top", "", ""]]
    "#]]);
    rig.replies(KEYS, args![Rig::BASE, "", "g", 0, 9], r#"["", [], []]"#);
}

/// What failed the root is its cause, and not what failed first.
#[test]
fn the_cause_is_that_of_the_root() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:flow:F cause 0.0 root_failed 1.0"]);
    let answer = rig.call(KEYS, args![Rig::BASE, "F", "", 0, 0]).expect("an answer");
    let text = jobqueue_tests::text::reply(&answer);
    assert!(text.contains(r#""1.0""#) && !text.contains(r#""0.0""#), "{text}");
}
