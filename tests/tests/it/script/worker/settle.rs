//! `lua/worker/settle.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};

const KEYS: &[&str] = &[
    "jobs",
    "waiting",
    "delayed",
    "workers",
    "running:by-hand",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "completed",
    "failed",
    "meta",
    "events",
    "wake",
    "visibility",
];

/// The receive `r1` has `a`, `b` and `c`.
fn rig() -> Rig {
    let mut rig = crate::script::rig("worker/settle");
    rig.given([
        "ZADD jq:{q}:workers 1700000005000 by-hand",
        "ZADD jq:{q}:visibility 1700000005000 b 1700000006000 a 1700000007000 c",
        "HSET jq:{q}:meta layout 2",
        "HSET jq:{q}:running:by-hand a 1:1:r1 b 2:1:r1 c 3:1:r1",
        "HSET jq:{q}:jobs a ra b rb c rc",
    ]);
    rig
}

/// A call about these jobs, with these blocks.
fn settle(hold: u32, ids: &[&str], blocks: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    [args![Rig::BASE, "r1", hold, ids.len()], args![ids], blocks].concat()
}

#[test]
fn one_of_several_ends_and_the_others_stay_out() {
    let mut rig = rig();
    let blocks = args![1, "completed", 5, -1, 1, "b", "done", 0, 0, 10, 0];
    rig.replies(KEYS, settle(0, &["b"], blocks), "0");
    rig.holds(expect![[r#"
        jq:{q}:completed zset
          1700000000000 b
        jq:{q}:events stream
          completed = b
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:meta hash
          completed = 1
          layout = 2
        jq:{q}:outcomes hash
          b = done
        jq:{q}:running:by-hand hash
          a = 1:1:r1
          c = 3:1:r1
        jq:{q}:visibility zset
          1700000006000 a
          1700000007000 c
        jq:{q}:workers zset
          1700000006000 by-hand
    "#]]);
}

#[test]
fn the_lease_goes_with_the_last_job_and_a_job_that_is_ready_again_wakes_a_worker() {
    let mut rig = rig();
    let blocks = args![
        1, "failed", 5, -1, 1, "a", "why", 1, "b", 1, 500, 1, "c", 0, -1, 10, 2, "a", "ea", "b",
        "eb", 1, "dlq", "letter", 0, "rl", "",
    ];
    rig.replies(KEYS, settle(0, &["a", "b", "c"], blocks), "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          b = 1
        jq:{q}:delayed zset
          1700000000500 b
        jq:{q}:errors:a list
          ea
        jq:{q}:errors:b list
          eb
        jq:{q}:events stream
          failed = a
          retrying = b
          released = c
        jq:{q}:failed zset
          1700000000000 a
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:listed set
          a
          b
        jq:{q}:meta hash
          failed = 1
          layout = 2
        jq:{q}:outbox stream
          to = dlq, id = letter, priority = 0, record = rl
        jq:{q}:outcomes hash
          a = why
        jq:{q}:waiting zset
          3 c
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_failure_may_throttle_the_queue() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta events 0"]);
    rig.replies(KEYS, settle(700, &["a"], args![0, 0, 1, "a", 0, -1, 10, 0]), "0");
    rig.replies(KEYS, settle(300, &["b"], args![0, 0, 1, "b", 0, -1, 10, 0]), "0");
    let throttled = run(rig.connection(), "HGET jq:{q}:meta throttled_until");
    assert_eq!(throttled, redis::Value::BulkString(b"1700000000700".to_vec()));
}

#[test]
fn an_expired_job_is_forgotten_when_it_has_failed() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta expiring 1 events 0", "ZADD jq:{q}:expiring -1 a 7 x"]);
    rig.replies(KEYS, settle(0, &["a"], args![1, "failed", 0, -1, 1, "a", 0, 0, 10, 0]), "0");
    let left = run(rig.connection(), "ZCARD jq:{q}:expiring");
    assert_eq!(left, redis::Value::Int(1));
}

#[test]
fn refuses_all_if_one_is_not_held() {
    let mut rig = rig();
    let lost = "LEASELOST the receive does not hold the job";
    let blocks = args![1, "completed", 0, -1, 2, "a", "x", 0, 0, 10, 0];
    rig.refuses(KEYS, settle(0, &["a", "x"], blocks), lost);
    run(rig.connection(), "DEL jq:{q}:running:by-hand");
    rig.refuses(KEYS, settle(0, &["a"], args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0]), lost);
}

#[test]
fn refuses_a_job_that_another_receive_has() {
    let mut rig = rig();
    let lost = "LEASELOST the receive does not hold the job";
    for held in ["1:1:r2", "1:1:r11", "1:1", "r1:1:"] {
        rig.given([format!("HSET jq:{{q}}:running:by-hand a {held}").as_str()]);
        rig.refuses(
            KEYS,
            settle(0, &["a"], args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0]),
            lost,
        );
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    let blocks = args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0];
    rig.refuses(KEYS, settle(0, &["a"], blocks), "LAYOUT 9 2");
}

#[test]
fn a_full_server_still_settles() {
    let mut rig = rig();
    rig.given(["CONFIG SET maxmemory 1"]);
    rig.replies(KEYS, settle(0, &["a"], args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0]), "0");
}

#[test]
fn nothing_stays_of_jobs_that_are_not_kept() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:completed 1 old",
        "HSET jq:{q}:jobs old r",
        "HSET jq:{q}:outcomes old o",
    ]);
    let blocks = args![1, "completed", 1, -1, 1, "b", "done", 0, 0, 10, 0];
    rig.replies(KEYS, settle(0, &["b"], blocks), "0");
    let blocks = args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0];
    rig.replies(KEYS, settle(0, &["a"], blocks), "0");
    for (command, left) in [
        ("HEXISTS jq:{q}:jobs a", 0),
        ("HEXISTS jq:{q}:jobs b", 1),
        ("HEXISTS jq:{q}:jobs old", 0),
        ("HEXISTS jq:{q}:outcomes old", 0),
        ("HLEN jq:{q}:outcomes", 1),
        ("HEXISTS jq:{q}:jobs c", 1),
    ] {
        assert_eq!(run(rig.connection(), command), redis::Value::Int(left), "{command}");
    }
}

#[test]
fn of_marked_jobs_a_result_stands_and_any_other_end_is_that_of_a_cancelled_one() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta cancelling 1 events 0"]);
    // Blanks divide words here.
    for id in ["a", "b", "c"] {
        let mut set = redis::cmd("HSET");
        set.arg("jq:{q}:cancels").arg(id).arg("5 -1 -1 gone");
        set.query::<()>(rig.connection()).expect("set");
    }
    let blocks = args![
        2,
        "completed",
        5,
        -1,
        1,
        "a",
        "done",
        "failed",
        5,
        -1,
        1,
        "b",
        "why",
        0,
        1,
        "c",
        0,
        -1,
        10,
        1,
        "b",
        "error",
        1,
        "dlq",
        "letter",
        0,
        "record",
        "1:b",
    ];
    rig.replies(KEYS, settle(0, &["a", "b", "c"], blocks), "0");
    rig.holds(expect![[r#"
        jq:{q}:cancelled zset
          1700000000000 b
          1700000000000 c
        jq:{q}:completed zset
          1700000000000 a
        jq:{q}:errors:b list
          error
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:listed set
          b
        jq:{q}:meta hash
          cancelled = 2
          completed = 1
          events = 0
          layout = 2
        jq:{q}:outcomes hash
          a = done
          b = gone
          c = gone
        jq:{q}:wake list
          1
    "#]]);
}
