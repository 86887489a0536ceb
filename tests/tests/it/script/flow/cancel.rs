//! `lua/flow/cancel.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::started;

const KEYS: &[&str] = &["flows", "meta"];

fn rig() -> Rig {
    // rig("flow/cancel")
    started("flow/cancel", "f")
}

#[test]
fn what_has_not_begun_is_dropped_and_the_rest_is_told() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "F", "7 -1 -1 o"], "1");
    rig.holds(expect![[""]]);
    // The first to cancel it says why.
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F", "7 -1 -1 other"], "1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn one_that_has_ended_or_is_unknown_stays() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:flow:F state failed"]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F", "7 -1 -1 o"], "0");
    rig.replies(KEYS, args![Rig::BASE, "G", "7 -1 -1 o"], "-1");
    rig.dump().assert_unchanged_since(&before);
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, args![Rig::BASE, "F", "7 -1 -1 o"], "LAYOUT 0 2");
}
