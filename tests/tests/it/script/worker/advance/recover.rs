//! Recovering: the runs of a worker whose lease ran out.

use std::fmt::Write as _;

use expect_test::expect;
use jobqueue_tests::raw::{NOW, run};
use redis::Value;

use super::{KEYS, fetch, rig};

#[test]
fn the_oldest_dead_workers_runs_go_back_to_where_they_were() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1699999990000 dead 1699999995000 dying",
        "HSET jq:{q}:running:dead a 5:1 b 6:1",
        "HSET jq:{q}:running:dying c 7:1",
        "HSET jq:{q}:stalls a 1",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 2, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          stalled = a b
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:dying hash
          c = 7:1
        jq:{q}:stalls hash
          a = 2
          b = 1
        jq:{q}:waiting zset
          5 a
          6 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1699999995000 dying
          1700000010000 w1
    "#]]);
    // The next call takes the next.
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 3, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          stalled = a b
          stalled = c
        jq:{q}:meta hash
          layout = 2
        jq:{q}:stalls hash
          a = 2
          b = 1
          c = 1
        jq:{q}:waiting zset
          5 a
          6 b
          7 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_worker_without_runs_is_forgotten_and_the_callers_own_late_lease_is_kept() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1 1699999990000 dead", "HSET jq:{q}:running:w1 a 5:1"]);
    rig.replies(KEYS, fetch(1, 0), "[1700000000000, 0, 0, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:running:w1 hash
          a = 5:1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_job_that_is_taken_back_can_be_given_out_by_the_same_call() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1699999990000 dead",
        "HSET jq:{q}:running:dead a 5:1",
        "ZADD jq:{q}:waiting 9 b",
        "HSET jq:{q}:jobs a ra b rb",
    ]);
    // It goes before later jobs, and its stall count comes along.
    rig.replies(
        KEYS,
        fetch(0, 1),
        r#"[1700000000000, 0, 1, "", "a", ["ra"], [nil], ["1"], [nil]]"#,
    );
}

#[test]
fn a_lease_lasts_to_the_end_of_its_last_millisecond() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000000000 late", "HSET jq:{q}:running:late a 5:1"]);
    rig.replies(KEYS, fetch(0, 1), r#"[1700000000000, 1, 0, "", "", [], nil, nil, nil]"#);
    rig.at(NOW + 1);
    rig.replies(KEYS, fetch(0, 0), r#"[1700000000001, 0, 1, "", "", [], nil, nil, nil]"#);
}

#[test]
fn a_thousand_a_call_and_the_lease_goes_with_the_last() {
    // The number of held jobs, the number waiting after each call, and whether the lease is still
    // there.
    let cases = [
        (999, [(999, true), (999, true)]),
        (1_000, [(1_000, false), (1_000, true)]),
        (1_005, [(1_000, false), (1_005, true)]),
    ];
    for (held, calls) in cases {
        let mut rig = rig();
        let mut set = "HSET jq:{q}:running:dead".to_owned();
        for n in 0..held {
            let _ = write!(set, " job{n} {n}:1");
        }
        rig.given(["ZADD jq:{q}:workers 1 dead", &set]);
        for (waiting, gone) in calls {
            rig.call(KEYS, fetch(0, 0)).expect("an answer");
            let found = run(rig.connection(), "ZCARD jq:{q}:waiting");
            assert_eq!(found, Value::Int(waiting), "waiting of {held}");
            let found = run(rig.connection(), "HLEN jq:{q}:stalls");
            assert_eq!(found, Value::Int(waiting), "stalls of {held}");
            let lease = run(rig.connection(), "ZSCORE jq:{q}:workers dead");
            assert_eq!(lease == Value::Nil, gone, "the lease of {held}");
        }
    }
}

#[test]
fn jobs_of_an_answer_that_was_perhaps_lost_are_not_stalled() {
    let mut rig = rig();
    // `b` and `c` came with the last answer, which the worker is not known to have heard.
    rig.given([
        "ZADD jq:{q}:workers 1699999990000.5 dead",
        "HSET jq:{q}:running:dead a 5:100 b 6:00000200 c 7:200",
        "HSET jq:{q}:stalls a 1+2 b 2 c 1+9",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 3, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          stalled = a
          released = b c
        jq:{q}:meta hash
          layout = 2
        jq:{q}:stalls hash
          a = 2+2
          b = 2+1
          c = 1+10
        jq:{q}:waiting zset
          5 a
          6 b
          7 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn jobs_that_came_before_a_cancelled_one_are_stalled() {
    let mut rig = rig();
    // Of those, the worker has heard: the answer that brought `b` was the newest.
    rig.given([
        "ZADD jq:{q}:workers 1699999990000.5 dead",
        "HSET jq:{q}:running:dead a 5:100 b 6:200",
        "HSET jq:{q}:meta cancelling 1",
        "HSET jq:{q}:cancels b 0~-1~-1~outcome",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 1, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          stalled = a
          cancelled = b
        jq:{q}:meta hash
          cancelled = 1
          layout = 2
        jq:{q}:stalls hash
          a = 1
        jq:{q}:waiting zset
          5 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn jobs_that_its_worker_has_heard_of_are_stalled() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1699999990000 dead",
        "HSET jq:{q}:running:dead a 5:100 b 6:200",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 2, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          stalled = a b
        jq:{q}:meta hash
          layout = 2
        jq:{q}:stalls hash
          a = 1
          b = 1
        jq:{q}:waiting zset
          5 a
          6 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_call_that_brings_jobs_marks_the_lease_and_the_next_call_takes_the_mark_away() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    let mut lease = |held, want| {
        rig.call(KEYS, fetch(held, want)).expect("an answer");
        let score = run(rig.connection(), "ZSCORE jq:{q}:workers w1");
        jobqueue_tests::text::reply(&score)
    };
    assert_eq!(lease(0, 1), r#""1700000010000.5""#);
    assert_eq!(lease(1, 1), r#""1700000010000""#);
}

/// What was handed out as expired is expired for the next worker too, at once; what was handed out
/// otherwise can't expire any more.
#[test]
fn a_dead_workers_expired_jobs_expire_again() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1699999990000 dead",
        "HSET jq:{q}:running:dead a 5:1 b 6:1",
        "HSET jq:{q}:meta expiring 1",
        "ZADD jq:{q}:expiring -1 a -1700000000500 b",
    ]);
    rig.answers(
        KEYS,
        fetch(0, 0),
        expect![[r#"
        1700000000000
        0
        1
        ""
        "a"
        [nil]
        [nil]
        ["1"]
        [nil]
        0
        ["expired", "a", "expires", -1]
    "#]],
    );
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          -1700000000500 b
          -1 a
        jq:{q}:meta hash
          events = 0
          expiring = 1
          layout = 2
        jq:{q}:running:w1 hash
          a = 4505299627370496:1700000000000
        jq:{q}:stalls hash
          a = 1
          b = 1
        jq:{q}:waiting zset
          6 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}
