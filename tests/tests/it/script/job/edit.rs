//! `lua/job/edit.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

const KEYS: &[&str] =
    &["waiting", "delayed", "completed", "failed", "workers", "jobs", "meta", "events"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("job/edit");
    rig.given(["HSET jq:{q}:jobs a old", "ZADD jq:{q}:waiting 1 a"]);
    rig
}

#[test]
fn replaces_the_record_if_the_caller_knows_it() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "a", "older", "new", 0], "0");
    rig.replies(KEYS, args![Rig::BASE, "a", "old", "new", 0], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          replaced = a
        jq:{q}:jobs hash
          a = new
        jq:{q}:waiting zset
          1 a
    "#]]);
}

#[test]
fn refuses_a_job_that_runs_or_is_not_there() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:jobs b old", "ZADD jq:{q}:workers 9 w", "HSET jq:{q}:running:w b 1:1"]);
    rig.refuses(KEYS, args![Rig::BASE, "b", "old", "new", 0], "WRONGSTATE active");
    rig.refuses(KEYS, args![Rig::BASE, "x", "old", "new", 0], "NOTFOUND no such job");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", "old", "new", 0], "LAYOUT 9 2");
}

#[test]
fn notes_how_large_records_may_be() {
    let mut rig = rig();
    let large = "x".repeat(1_025);
    rig.replies(KEYS, args![Rig::BASE, "a", "old", &large[1..]], "1");
    let small = run(rig.connection(), "HGET jq:{q}:meta largest");
    assert_eq!(small, Value::Nil);
    rig.replies(KEYS, args![Rig::BASE, "a", &large[1..], large], "1");
    let noted = run(rig.connection(), "HGET jq:{q}:meta largest");
    assert_eq!(noted, Value::BulkString(b"1025".to_vec()));
}

#[test]
fn one_that_has_ended_is_edited_only_if_it_may_be() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs b old c old",
        "ZADD jq:{q}:completed 1 b",
        "ZADD jq:{q}:delayed 1 c",
    ]);
    rig.refuses(KEYS, args![Rig::BASE, "b", "old", "new", 1], "WRONGSTATE completed");
    rig.replies(KEYS, args![Rig::BASE, "b", "old", "new", 0], "1");
    rig.replies(KEYS, args![Rig::BASE, "c", "old", "new", 1], "1");
    rig.replies(KEYS, args![Rig::BASE, "a", "old", "new", 1], "1");
}
