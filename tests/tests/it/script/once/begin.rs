//! `lua/once/begin.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "once:key:k"];

fn rig() -> Rig {
    crate::script::rig("once/begin")
}

#[test]
fn claims_a_free_key() {
    let mut rig = rig();
    rig.replies(KEYS, args!["t1", 5000], "[0]");
    rig.holds(expect![[r#"
        jq:{q}:once:key:k string, expires
          ?t1
    "#]]);
}

#[test]
fn moves_its_own_claim_on() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:once:key:k ?t1 PX 1000000"]);
    rig.replies(KEYS, args!["t1", 5000], "[0]");
    let left: u64 =
        redis::cmd("PTTL").arg("jq:{q}:once:key:k").query(rig.connection()).expect("it is there");
    assert!((1..=5000).contains(&left), "{left}");
}

#[test]
fn says_how_long_anothers_claim_holds() {
    let mut rig = rig();
    // Without a time to live, so that the answer is always the same.
    rig.given(["SET jq:{q}:once:key:k ?t2"]);
    rig.replies(KEYS, args!["t1", 5000], "[1, -1]");
    rig.holds(expect![[r#"
        jq:{q}:once:key:k string
          ?t2
    "#]]);
}

/// A claim that lasts longer than any was made before the clock was set back.
#[test]
fn waits_for_anothers_claim_no_longer_than_one_lasts() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:once:key:k ?t2 PX 3600000"]);
    rig.replies(KEYS, args!["t1", 5000], "[1, 5000]");
    let left: u64 =
        redis::cmd("PTTL").arg("jq:{q}:once:key:k").query(rig.connection()).expect("it is there");
    assert!((1..=5000).contains(&left), "{left}");
    // A recorded result stays for as long as it was to stay.
    rig.given(["SET jq:{q}:once:key:k =receipt PX 3600000"]);
    rig.replies(KEYS, args!["t1", 5000], "[2, \"receipt\"]");
    let left: u64 =
        redis::cmd("PTTL").arg("jq:{q}:once:key:k").query(rig.connection()).expect("it is there");
    assert!(left > 5000, "{left}");
}

#[test]
fn gives_the_recorded_result() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:once:key:k =receipt PX 1000000", "HSET jq:{q}:meta layout 2"]);
    rig.replies(KEYS, args!["t1", 5000], "[2, \"receipt\"]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:once:key:k string, expires
          =receipt
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["t1", 5000], "LAYOUT 9 2");
}
