//! The limit on active jobs over all workers, and the workers that a fetch wakes.

use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

use super::{KEYS, fetch, rig, settle};

/// Three workers, of which `w2` and `w3` hold a job each, and four jobs that wait.
fn three(active: u32) -> Rig {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000060000 w2 1700000060000 w3",
        "HSET jq:{q}:running:w2 x 1:1",
        "HSET jq:{q}:running:w3 y 1:1",
        "ZADD jq:{q}:waiting 1 a 2 b 3 c 4 d",
    ]);
    run(rig.connection(), &format!("HSET jq:{{q}}:meta active {active}"));
    rig
}

/// The number of tokens in the list: one at most.
fn tokens(rig: &mut Rig) -> Value {
    run(rig.connection(), "LLEN jq:{q}:wake")
}

#[test]
fn runs_of_all_workers_count() {
    // The limit, and the answer to a worker that wants three: jobs left, reason, ids, records.
    let cases = [
        (1, r#"4, "active", "", []"#),
        (2, r#"4, "active", "", []"#),
        (3, r#"3, "active", "a", [nil]"#),
        (4, r#"2, "active", "a b", [nil, nil]"#),
        (5, r#"1, "", "a b c", [nil, nil, nil]"#),
        (6, r#"1, "", "a b c", [nil, nil, nil]"#),
    ];
    for (active, answer) in cases {
        let mut rig = three(active);
        let reply = format!("[1700000000000, 10001, {answer}, nil, nil, nil]");
        rig.replies(KEYS, fetch(0, 3), &reply);
    }
}

#[test]
fn settled_runs_make_room_in_the_same_call() {
    let mut rig = three(3);
    rig.given(["HSET jq:{q}:running:w1 z 1:1"]);
    rig.replies(
        KEYS,
        settle(1, 2, args![1, "completed", 0, -1, 1, "z", 0, 0, 10, 0]),
        r#"[1700000000000, 10001, 3, "active", "a", [nil], nil, nil, nil]"#,
    );
}

#[test]
fn a_limit_that_leaves_enough_is_no_reason() {
    // Room for two, one job, and five wanted: there are too few jobs.
    let mut rig = three(4);
    rig.given(["ZREM jq:{q}:waiting b c d"]);
    rig.replies(KEYS, fetch(0, 5), r#"[1700000000000, 10001, 0, "", "a", [nil], nil, nil, nil]"#);
}

#[test]
fn the_next_is_woken_only_if_it_may_take_a_job() {
    // The limit, the number wanted, and the tokens put.
    let cases = [
        // The worker got all that it wanted, and jobs and room are left.
        (9, 3, 1),
        (6, 3, 1),
        // No room is left.
        (5, 3, 0),
        (2, 0, 0),
        // The worker got fewer than it wanted.
        (4, 3, 0),
        // No job is left.
        (9, 4, 0),
        (9, 5, 0),
    ];
    for (active, want, put) in cases {
        let mut rig = three(active);
        rig.call(KEYS, fetch(0, want)).expect("an answer");
        assert_eq!(tokens(&mut rig), Value::Int(put), "limit {active}, {want} wanted");
    }
}

#[test]
fn there_is_never_more_than_one_token() {
    let mut rig = three(9);
    rig.call(KEYS, fetch(0, 1)).expect("an answer");
    rig.call(KEYS, fetch(1, 1)).expect("an answer");
    assert_eq!(tokens(&mut rig), Value::Int(1));
}

#[test]
fn nobody_is_woken_for_jobs_that_may_not_be_fetched() {
    for field in ["paused 1", "throttled_until 1700000009000"] {
        let mut rig = three(9);
        run(rig.connection(), &format!("HSET jq:{{q}}:meta {field}"));
        rig.call(KEYS, fetch(0, 1)).expect("an answer");
        assert_eq!(tokens(&mut rig), Value::Int(0), "{field}");
    }
}
