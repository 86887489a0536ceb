//! `lua/queue/retry_failed.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "failed", "waiting", "priority", "attempts", "stalls", "misses", "outcomes", "meta", "events",
    "wake",
];

fn rig() -> Rig {
    crate::script::rig("queue/retry_failed")
}

#[test]
fn runs_the_oldest_failed_jobs_again() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:failed 1 a 2 b 3 c",
        "HSET jq:{q}:outcomes a o b o c o",
        "HSET jq:{q}:attempts a 3 b 3 c 3",
    ]);
    rig.replies(KEYS, args![2], "2");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          c = 3
        jq:{q}:events stream
          waiting = a b
        jq:{q}:failed zset
          3 c
        jq:{q}:outcomes hash
          c = o
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn none_is_an_answer() {
    let mut rig = rig();
    rig.replies(KEYS, args![10], "0");
    rig.holds(expect![""]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![1], "LAYOUT 9 2");
}
