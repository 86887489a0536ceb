//! `lua/queue/obliterate.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
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
    "wake",
    "histograms",
];

fn rig() -> Rig {
    crate::script::rig("queue/obliterate")
}

#[test]
fn leaves_nothing() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r",
        "HSET jq:{q}:attempts a 2",
        "HSET jq:{q}:stalls a 1",
        "HSET jq:{q}:misses a 1",
        "HSET jq:{q}:progress a p",
        "HSET jq:{q}:outcomes a o",
        "HSET jq:{q}:priority a -5",
        "SADD jq:{q}:listed a",
        "RPUSH jq:{q}:errors:a e",
        "RPUSH jq:{q}:logs:a l",
        "HSET jq:{q}:uniques a ka",
        "SET jq:{q}:unique:ka a",
        "ZADD jq:{q}:failed 1 a",
        "ZADD jq:{q}:workers 1 w",
        "RPUSH jq:{q}:wake 1",
        "HSET jq:{q}:meta layout 2",
        "XADD jq:{q}:events * added a",
        "HSET jq:{q}:histograms run:0 1",
        "HSET jq:{q}:history @ 7",
        "HSET jq:{q}:history:1m 0~ p",
        "HSET jq:{q}:history:10m 0~ p",
        "HSET jq:{q}:history:1h 0~ p",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "0"], "0");
    rig.holds(expect![""]);
}

#[test]
fn refuses_while_jobs_are_active_unless_forced() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w", "HSET jq:{q}:running:w a 1:1 b 1:1"]);
    rig.refuses(KEYS, args![Rig::BASE, "0"], "HASACTIVE 2");
    rig.replies(KEYS, args![Rig::BASE, "1"], "0");
    rig.holds(expect![""]);
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
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:expiring 1 a",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "0"], "0");
    let left = jobqueue_tests::raw::run(rig.connection(), "EXISTS jq:{q}:expiring");
    assert_eq!(left, redis::Value::Int(0));
}

#[test]
fn callers_of_requests_hear_of_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a@ ra b rb c@ rc",
        "ZADD jq:{q}:waiting 1 a@ 2 b",
        "ZADD jq:{q}:delayed 9 c@",
    ]);
    rig.replies(KEYS, args![Rig::BASE, 0], "0");
    rig.holds(expect![[r#"
        jq:{q}:outbox stream
          to = @, id = a@, priority = 0, record = ra, gone = removed
          to = @, id = c@, priority = 0, record = rc, gone = removed
    "#]]);
}

/// However many there are: in steps.
#[test]
fn all_callers_hear_of_it() {
    let mut rig = rig();
    for (set, count) in [("waiting", 2_300), ("delayed", 1_000)] {
        for n in 0..count {
            rig.given([
                format!("HSET jq:{{q}}:jobs {set}{n}@ r").as_str(),
                format!("ZADD jq:{{q}}:{set} {n} {set}{n}@").as_str(),
            ]);
        }
    }
    for answer in ["1", "1", "1", "0"] {
        rig.replies(KEYS, args![Rig::BASE, 0], answer);
    }
    let told = jobqueue_tests::raw::run(rig.connection(), "XLEN jq:{q}:outbox");
    assert_eq!(told, redis::Value::Int(3_300));
    let left: Vec<String> = rig.dump().0.into_keys().collect();
    assert_eq!(left, ["jq:{q}:outbox"]);
}

#[test]
fn nothing_is_left_of_concurrency_keys() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 grouped 2",
        "HSET jq:{q}:jobs a ra b rb",
        "HSET jq:{q}:keys_of a 1~k b 1~k",
        "ZADD jq:{q}:waiting -5 b",
        "HSET jq:{q}:lane_of b \u{1}k",
        "ZADD jq:{q}:lane:\u{1}k 1 b",
        "ZADD jq:{q}:keys:blocked 0 k",
        "ZADD jq:{q}:keys:active 0 k\na",
        "HSET jq:{q}:running:w a 1:1",
        "ZADD jq:{q}:workers 1 w",
    ]);
    rig.replies(KEYS, args![Rig::BASE, 1], "0");
    rig.holds(expect![""]);
}
