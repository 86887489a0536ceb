//! `lua/worker/leave.lua`

use std::fmt::Write as _;

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

const KEYS: &[&str] =
    &["workers", "running:w1", "waiting", "delayed", "expiring", "meta", "events", "wake"];

fn rig() -> Rig {
    crate::script::rig("worker/leave")
}

#[test]
fn returns_held_jobs_to_where_they_were() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1 2 other",
        "HSET jq:{q}:running:w1 a 4505299627370496:1700000000000 b 7:8",
    ]);
    rig.replies(KEYS, args!["w1"], "2");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          released = a b
        jq:{q}:waiting zset
          7 b
          4505299627370496 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          2 other
    "#]]);
}

#[test]
fn with_nothing_held_only_the_lease_goes() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1"]);
    rig.replies(KEYS, args!["w1"], "0");
    rig.holds(expect![""]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["w1"], "LAYOUT 9 2");
}

#[test]
fn a_thousand_a_call_and_the_lease_goes_with_the_last() {
    // The number of held jobs, and the answer of each call.
    for (held, calls) in [(999, [999, 0]), (1_000, [1_000, 0]), (1_005, [1_000, 5])] {
        let mut rig = rig();
        let mut set = "HSET jq:{q}:running:w1".to_owned();
        for n in 0..held {
            let _ = write!(set, " job{n} {n}:1");
        }
        rig.given(["ZADD jq:{q}:workers 1 w1", &set]);
        for back in calls {
            rig.replies(KEYS, args!["w1"], &back.to_string());
            let lease = run(rig.connection(), "ZSCORE jq:{q}:workers w1");
            assert_eq!(lease == Value::Nil, back < 1_000, "the lease, {back} of {held} back");
        }
        let waiting = run(rig.connection(), "ZCARD jq:{q}:waiting");
        assert_eq!(waiting, Value::Int(held));
    }
}

#[test]
fn another_worker_is_woken_for_waiting_jobs_once() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1", "ZADD jq:{q}:waiting 1 a"]);
    rig.replies(KEYS, args!["w1"], "0");
    // The call is repeated while the token is still there.
    rig.replies(KEYS, args!["w1"], "0");
    rig.holds(expect![[r#"
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_full_server_still_takes_held_jobs_back() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1",
        "HSET jq:{q}:running:w1 a 7:1",
        "CONFIG SET maxmemory 1",
    ]);
    let set = redis::cmd("SET").arg("other").arg("1").query::<()>(rig.connection());
    assert!(set.is_err(), "the server takes more");
    rig.replies(KEYS, args!["w1"], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          released = a
        jq:{q}:waiting zset
          7 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_refusal_hands_nothing_back() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 9",
        "ZADD jq:{q}:workers 1 w1",
        "HSET jq:{q}:running:w1 a 7:1",
    ]);
    rig.refuses(KEYS, args!["w1"], "LAYOUT 9 2");
}

#[test]
fn another_worker_is_woken_for_what_falls_due_soon() {
    for (due, token) in [(1_700_000_004_000_u64, 1), (1_700_000_006_000, 0)] {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:workers 1 w1", &format!("ZADD jq:{{q}}:delayed {due} a")]);
        rig.replies(KEYS, args!["w1"], "0");
        assert_eq!(run(rig.connection(), "LLEN jq:{q}:wake"), Value::Int(token), "{due}");
    }
}

/// As operators and other programs may have written them.
#[test]
fn a_rank_may_be_any_number() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1",
        "HSET jq:{q}:running:w1 a -5:1 b 1.5:1 c 1e+22:1 d -inf:1",
    ]);
    rig.replies(KEYS, args!["w1"], "4");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          released = a b c d
        jq:{q}:waiting zset
          -inf d
          -5 a
          1.5 b
          1e+22 c
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_key_of_a_wrong_type_costs_no_job() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1", "HSET jq:{q}:running:w1 a 7:1", "SET jq:{q}:waiting x"]);
    let before = rig.dump();
    rig.call(KEYS, args!["w1"]).expect_err("a wrong type");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn a_job_that_was_handed_out_as_expired_is_so_for_the_next() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1",
        "HSET jq:{q}:running:w1 a 1:1 b 2:2",
        "ZADD jq:{q}:expiring -1 a -1700000009000 b",
    ]);
    rig.replies(KEYS, args!["w1"], "2");
    let times = run(rig.connection(), "ZRANGE jq:{q}:expiring 0 -1 WITHSCORES");
    let expected = ["b", "-1700000009000", "a", "0"].map(|it| Value::BulkString(it.into()));
    assert_eq!(times, Value::Array(expected.into()));
}
