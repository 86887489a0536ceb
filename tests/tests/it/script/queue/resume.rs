//! `lua/queue/resume.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "events", "waiting", "delayed", "wake"];

fn rig() -> Rig {
    crate::script::rig("queue/resume")
}

#[test]
fn lets_jobs_be_fetched_and_wakes_somebody() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 paused 1", "ZADD jq:{q}:waiting 1 a"]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          resumed = ""
        jq:{q}:meta hash
          layout = 2
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn an_empty_queue_wakes_nobody_and_one_that_runs_stays_as_it_is() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig.replies(KEYS, args![], "0");
    rig.given(["HSET jq:{q}:meta paused 1 events 0"]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![], "LAYOUT 9 2");
}

#[test]
fn a_job_that_was_delayed_meanwhile_wakes_somebody() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0 paused 1",
        "ZADD jq:{q}:delayed 1700000001000 a",
    ]);
    rig.replies(KEYS, args![], "1");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000001000 a
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn makes_no_queue() {
    let mut rig = rig();
    rig.refuses(KEYS, args![], "NOQUEUE the queue does not exist");
}
