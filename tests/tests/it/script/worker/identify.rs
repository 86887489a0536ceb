//! `lua/worker/identify.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["workers", "identities", "meta"];

fn rig() -> Rig {
    crate::script::rig("worker/identify")
}

#[test]
fn notes_who_a_worker_is_and_notes_it_anew() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000005000 w1"]);
    rig.replies(KEYS, args!["w1", "card"], "1");
    rig.replies(KEYS, args!["w1", "other"], "1");
    rig.holds(expect![[r#"
        jq:{q}:identities hash
          w1 = other
        jq:{q}:workers zset
          1700000005000 w1
    "#]]);
}

#[test]
fn one_that_is_gone_leaves_nothing_behind() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000005000 w1"]);
    let before = rig.dump();
    rig.replies(KEYS, args!["w2", "card"], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "ZADD jq:{q}:workers 1700000005000 w1"]);
    rig.refuses(KEYS, args!["w1", "card"], "LAYOUT 9 2");
}
