//! `lua/queue/drain.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting", "delayed", "jobs", "priority", "attempts", "stalls", "misses", "progress", "listed",
    "uniques", "outcomes", "meta", "events",
];

fn rig() -> Rig {
    crate::script::rig("queue/drain")
}

#[test]
fn takes_waiting_jobs_and_then_delayed_ones() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a",
        "HSET jq:{q}:jobs a r b r",
        "ZADD jq:{q}:delayed 1 b",
        "HSET jq:{q}:priority b 1",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "1"], "1");
    rig.replies(KEYS, args![Rig::BASE, "0"], "0");
    rig.replies(KEYS, args![Rig::BASE, "1"], "1");
    rig.replies(KEYS, args![Rig::BASE, "1"], "0");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = a
          removed = b
    "#]]);
}

#[test]
fn at_most_a_thousand_a_call() {
    let mut rig = rig();
    rig.given(["EVAL for\ti=1,1200\tdo\tredis.call('ZADD',KEYS[1],i,i)\tend 1 jq:{q}:waiting"]);
    rig.replies(KEYS, args![Rig::BASE, "0"], "1000");
    rig.replies(KEYS, args![Rig::BASE, "0"], "200");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "0"], "LAYOUT 9 2");
}

#[test]
fn a_removed_job_does_not_expire() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:delayed 1 b",
        "ZADD jq:{q}:expiring 1 a 2 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "1"], "1");
    rig.replies(KEYS, args![Rig::BASE, "1"], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = a
          removed = b
    "#]]);
}

#[test]
fn callers_of_requests_hear_of_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "HSET jq:{q}:jobs a@ ra b rb",
        "ZADD jq:{q}:waiting 1 a@ 2 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, 0], "2");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:outbox stream
          to = @, id = a@, priority = 0, record = ra, gone = removed
    "#]]);
}
