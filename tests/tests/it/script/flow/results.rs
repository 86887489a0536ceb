//! `lua/flow/results.lua`

use jobqueue_tests::raw::{Rig, args};

use super::started;

const KEYS: &[&str] = &["meta"];

fn rig() -> Rig {
    // rig("flow/results")
    started("flow/results", "f")
}

#[test]
fn outcomes_are_read_in_order() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:flow:F:outcomes 0.1 xyz", "HSET jq:{q}:flow:F:again 0.0 2"]);
    rig.replies(KEYS, args![Rig::BASE, "F", 0, 0, 2, 0], r#"["", "xyz"]"#);
    rig.replies(KEYS, args![Rig::BASE, "F", 0, 1, 1, 0], r#"["xyz"]"#);
    rig.replies(KEYS, args![Rig::BASE, "F", 0, 0, 2, 1], r##"["#2", "xy"]"##);
    rig.replies(KEYS, args![Rig::BASE, "F", 1, 0, 1, 1], r#"[""]"#);
    rig.replies(KEYS, args![Rig::BASE, "G", 0, 0, 2, 0], "nil");
}

#[test]
fn an_answer_has_a_mebibyte_about() {
    let mut rig = rig();
    let large = "x".repeat(700 << 10);
    for at in 0..4 {
        let set = format!("HSET jq:{{q}}:flow:F:outcomes 0.{at} {large}");
        rig.given([&set[..]]);
    }
    let answer = rig.call(KEYS, args![Rig::BASE, "F", 0, 0, 4, 0]).expect("an answer");
    let redis::Value::Array(outcomes) = answer else { panic!("{answer:?}") };
    assert!((1..4).contains(&outcomes.len()), "{}", outcomes.len());
}
