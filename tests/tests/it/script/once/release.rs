//! `lua/once/release.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "once:key:k"];

fn rig() -> Rig {
    crate::script::rig("once/release")
}

#[test]
fn gives_its_own_claim_back() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:once:key:k ?t1 PX 5000"]);
    rig.replies(KEYS, args!["t1"], "1");
    rig.holds(expect![""]);
}

#[test]
fn touches_nothing_of_others() {
    let mut rig = rig();
    rig.replies(KEYS, args!["t1"], "0");
    rig.holds(expect![""]);
    for value in ["?t2", "=t1"] {
        rig.given([format!("SET jq:{{q}}:once:key:k {value}").as_str()]);
        let before = rig.dump();
        rig.replies(KEYS, args!["t1"], "0");
        rig.dump().assert_unchanged_since(&before);
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["t1"], "LAYOUT 9 2");
}
