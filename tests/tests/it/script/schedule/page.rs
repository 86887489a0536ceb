//! `lua/schedule/page.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["schedules"];

fn rig() -> Rig {
    crate::script::rig("schedule/page")
}

#[test]
fn answers_ids_without_rules() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0"], r#"["0", []]"#);
    rig.given(["HSET jq:{q}:schedules a rule"]);
    rig.replies(KEYS, args!["0"], r#"["0", ["a"]]"#);
}
