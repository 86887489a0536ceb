//! `lua/flow/page.lua`

use jobqueue_tests::{
    raw::{Rig, args},
    text,
};

use super::started;

/// Flows whose time is up are left out.
#[test]
fn flows_are_listed_in_portions() {
    // rig("flow/page")
    let mut rig = started("flow/page", "f");
    rig.given(["HSET jq:{q}:flows g G"]);
    let answer = rig.call(&["flows"], args![Rig::BASE, 0]).expect("an answer");
    let text = text::reply(&answer);
    assert!(text.starts_with(r#"["0", "F", ["f", "running", "3", "2", "3""#), "{text}");
    assert!(!text.contains('G'), "{text}");
}
