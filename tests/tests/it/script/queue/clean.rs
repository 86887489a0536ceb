//! `lua/queue/clean.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "completed",
    "failed",
    "jobs",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "meta",
    "events",
];

fn rig() -> Rig {
    crate::script::rig("queue/clean")
}

#[test]
fn takes_jobs_that_ended_long_ago() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:completed 1699999990000 old 1699999995000 mid 1699999999000 new",
        "HSET jq:{q}:jobs old r mid r new r",
        "HSET jq:{q}:outcomes old o mid o new o",
        "ZADD jq:{q}:failed 1 f",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "completed", 5000, 1000], "2");
    rig.holds(expect![[r#"
        jq:{q}:completed zset
          1699999999000 new
        jq:{q}:events stream
          removed = old mid
        jq:{q}:failed zset
          1 f
        jq:{q}:jobs hash
          new = r
        jq:{q}:outcomes hash
          new = o
    "#]]);
    rig.replies(KEYS, args![Rig::BASE, "failed", 0, 0], "0");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "failed", 0, 1], "LAYOUT 9 2");
}
