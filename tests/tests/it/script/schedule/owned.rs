//! `lua/schedule/owned.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["owners"];

fn rig() -> Rig {
    crate::script::rig("schedule/owned")
}

#[test]
fn answers_those_of_an_owner_alone() {
    let mut rig = rig();
    rig.replies(KEYS, args!["billing"], "[]");
    rig.given(["HSET jq:{q}:owners a billing b other c billing"]);
    rig.replies(KEYS, args!["billing"], r#"["a", "c"]"#);
}
