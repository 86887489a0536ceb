//! `lua/schedule/run.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "jobs",
    "waiting",
    "delayed",
    "completed",
    "failed",
    "priority",
    "uniques",
    "schedules",
    "ticks",
    "fired",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    let mut rig = crate::script::rig("schedule/run");
    rig.given([
        "HSET jq:{q}:schedules a ra",
        "ZADD jq:{q}:ticks 1700000060000 a",
        "HSET jq:{q}:meta ticks 1700000060000",
        "HSET jq:{q}:fired a 3,1,a:1",
        "HSET jq:{q}:jobs a:1 record",
        "ZADD jq:{q}:waiting 5 a:1",
    ]);
    rig
}

fn run(schedule: &str, job: &str, key: [&str; 2]) -> Vec<Vec<u8>> {
    args![Rig::BASE, "", 1, schedule, "", "", "", "a", job, "new", "", 0, "", key[0], key[1]]
}

#[test]
fn adds_a_job_and_leaves_the_tick() {
    let mut rig = rig();
    rig.replies(KEYS, run("a", "a:now", ["", "0"]), "\"1\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a:now
        jq:{q}:fired hash
          a = 4,1,a:now
        jq:{q}:jobs hash
          a:1 = record
          a:now = new
        jq:{q}:meta hash
          added = 1
          layout = 2
          newest = 1700000000001 a:now
          ticks = 1700000060000
        jq:{q}:schedules hash
          a = ra
        jq:{q}:ticks zset
          1700000060000 a
        jq:{q}:waiting zset
          5 a:1
          4505299627370497 a:now
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn one_that_is_gone_a_full_queue_and_a_key_that_is_taken_add_nothing() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:unique:n\\nk a:1", "HSET jq:{q}:meta max_length 1"]);
    let before = rig.dump();
    rig.replies(KEYS, run("none", "none:now", ["", "0"]), "\"0\"");
    rig.replies(KEYS, run("a", "a:now", ["", "0"]), "\"f\"");
    rig.dump().assert_unchanged_since(&before);
}
