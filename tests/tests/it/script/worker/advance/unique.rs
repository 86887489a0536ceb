//! Unique keys: free when their job ends, and only then.

use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

use super::{KEYS, rig, settle};

/// The job `a` is active and stands for the key `k`.
fn claimed() -> Rig {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1", "HSET jq:{q}:uniques a k", "SET jq:{q}:unique:k a"]);
    rig
}

fn holder(rig: &mut Rig) -> Value {
    run(rig.connection(), "GET jq:{q}:unique:k")
}

#[test]
fn a_job_that_ends_frees_its_key() {
    let ends = [
        ("completed", args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0]),
        ("completed and kept", args![1, "completed", 9, -1, 1, "a", "o", 0, 0, 10, 0]),
        ("failed", args![1, "failed", 0, -1, 1, "a", 0, 0, 10, 0]),
        ("failed and kept", args![1, "failed", -1, 60_000, 1, "a", "o", 0, 0, 10, 1, "a", "e"]),
    ];
    for (end, blocks) in ends {
        let mut rig = claimed();
        rig.call(KEYS, settle(1, 0, blocks)).expect("an answer");
        assert_eq!(holder(&mut rig), Value::Nil, "{end}");
        // A job that is kept still knows its key, since it may run again.
        let known = run(rig.connection(), "HEXISTS jq:{q}:uniques a");
        assert_eq!(known, Value::Int(i64::from(end.ends_with("kept"))), "{end}");
    }
}

#[test]
fn a_job_that_runs_again_keeps_its_key() {
    let ends = [
        ("retried", args![0, 1, "a", 1, 0, 0, 10, 1, "a", "e"]),
        ("retried later", args![0, 1, "a", 1, 500, 0, 10, 1, "a", "e"]),
        ("released", args![0, 0, 1, "a", 0, -1, 10, 0]),
        ("released for later", args![0, 0, 1, "a", 500, 2, 10, 0]),
    ];
    for (end, blocks) in ends {
        let mut rig = claimed();
        rig.call(KEYS, settle(1, 0, blocks)).expect("an answer");
        assert_eq!(holder(&mut rig), Value::BulkString(b"a".to_vec()), "{end}");
        let key = run(rig.connection(), "HGET jq:{q}:uniques a");
        assert_eq!(key, Value::BulkString(b"k".to_vec()), "{end}");
    }
}

#[test]
fn a_key_that_another_job_has_now_is_left_alone() {
    let mut rig = claimed();
    rig.given(["SET jq:{q}:unique:k other"]);
    rig.call(KEYS, settle(1, 0, args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0]))
        .expect("an answer");
    assert_eq!(holder(&mut rig), Value::BulkString(b"other".to_vec()));
}

#[test]
fn a_key_that_lapses_by_time_is_left_to_lapse() {
    let mut rig = claimed();
    rig.given(["DEL jq:{q}:uniques", "SET jq:{q}:unique:k a PX 600000"]);
    rig.call(KEYS, settle(1, 0, args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0]))
        .expect("an answer");
    assert_eq!(holder(&mut rig), Value::BulkString(b"a".to_vec()));
}
