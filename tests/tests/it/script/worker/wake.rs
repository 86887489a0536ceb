//! `lua/worker/wake.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "wake"];

fn rig() -> Rig {
    crate::script::rig("worker/wake")
}

#[test]
fn puts_one_token_if_a_job_waits() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    rig.replies(KEYS, args![], "1");
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn puts_no_token_if_no_job_waits() {
    let mut rig = rig();
    rig.replies(KEYS, args![], "0");
    rig.holds(expect![""]);
}

#[test]
fn puts_no_second_token() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a 2 b", "RPUSH jq:{q}:wake 1"]);
    let before = rig.dump();
    rig.replies(KEYS, args![], "1");
    rig.dump().assert_unchanged_since(&before);
}
