//! `lua/once/finish.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "once:key:k"];

fn rig() -> Rig {
    crate::script::rig("once/finish")
}

#[test]
fn records_in_place_of_a_claim() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:once:key:k ?t1 PX 5000"]);
    rig.replies(KEYS, args!["receipt", 60000], "1");
    rig.holds(expect![[r#"
        jq:{q}:once:key:k string, expires
          =receipt
    "#]]);
}

#[test]
fn records_even_if_the_claim_ran_out_or_is_anothers() {
    let mut rig = rig();
    rig.replies(KEYS, args!["receipt", 60000], "1");
    rig.holds(expect![[r#"
        jq:{q}:once:key:k string, expires
          =receipt
    "#]]);
    let recorded = rig.dump();
    rig.given(["SET jq:{q}:once:key:k ?t2"]);
    rig.replies(KEYS, args!["receipt", 60000], "1");
    rig.dump().assert_unchanged_since(&recorded);
}

#[test]
fn the_first_result_counts() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:once:key:k =receipt PX 5000"]);
    rig.replies(KEYS, args!["other", 60000], "0");
    rig.holds(expect![[r#"
        jq:{q}:once:key:k string, expires
          =receipt
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["receipt", 60000], "LAYOUT 9 2");
}
