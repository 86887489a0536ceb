//! Jobs that have waited too long.

use expect_test::expect;
use jobqueue_tests::raw::{args, run};

use super::{KEYS, fetch, rig, settle};

#[test]
fn expired_jobs_are_handed_out_in_addition_to_the_number_wanted() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1",
        "ZADD jq:{q}:waiting 1 a 2 late 3 b",
        "ZADD jq:{q}:delayed 1700000009000 later",
        "HSET jq:{q}:priority later 2",
        "ZADD jq:{q}:expiring 1699999999999 later 1700000000000 late",
        "ZADD jq:{q}:expiring 1700000000700 b 1700000000001 a",
    ]);
    rig.answers(
        KEYS,
        fetch(0, 1),
        expect![[r#"
            1700000000000
            10001
            1
            ""
            "a later late"
            [nil, nil, nil]
            nil
            nil
            nil
            0
            ["expired", "later late", "expires", 700]
        "#]],
    );
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          -1700000000001 a
          -1 late
          -1 later
          1700000000700 b
        jq:{q}:meta hash
          events = 0
          expiring = 1
          layout = 2
        jq:{q}:priority hash
          later = 2
        jq:{q}:running:w1 hash
          a = 1:1700000000000
          late = 4505299627370496:1700000000000
          later = 4514095720392704:1700000000000
        jq:{q}:waiting zset
          3 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

#[test]
fn no_pause_or_limit_keeps_them_back_and_settling_forgets_them() {
    let left = ["paused 1", "hold 1700000009999", "active 0"].map(|limit| {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:waiting 1 a", "ZADD jq:{q}:expiring 5 a", "HSET jq:{q}:jobs a r"]);
        run(rig.connection(), &format!("HSET jq:{{q}}:meta expiring 1 {limit}"));
        rig.replies(KEYS, fetch(0, 0), &expired(r#""a", ["r"]"#, "a"));
        run(rig.connection(), "DEL jq:{q}:meta");
        run(rig.connection(), "HSET jq:{q}:meta expiring 1 layout 2 events 0");
        let failed = args![1, "failed", 0, -1, 1, "a", 0, 0, 10, 0];
        rig.replies(KEYS, settle(1, 0, failed), &expired(r#""", []"#, ""));
        rig.dump()
    });
    left[0].assert_is(expect![[r#"
        jq:{q}:meta hash
          events = 0
          expiring = 1
          failed = 1
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
    for other in &left[1..] {
        other.assert_same_as(&left[0]);
    }
}

/// The answer that hands out these ids and records, and says which of the ids have expired.
fn expired(jobs: &str, ids: &str) -> String {
    format!(
        "[1700000000000, 10001, 0, \"\", {jobs}, nil, nil, nil, 0, \
         [\"expired\", \"{ids}\", \"expires\", -1]]"
    )
}

#[test]
fn an_expired_job_whose_worker_died_is_still_expired_for_the_next_worker() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1",
        "ZADD jq:{q}:workers 1600000000000 dead",
        "HSET jq:{q}:running:dead a 7:1",
        "ZADD jq:{q}:expiring -1 a",
    ]);
    rig.answers(
        KEYS,
        fetch(0, 5),
        expect![[r#"
            1700000000000
            0
            0
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
}

#[test]
fn the_mark_of_a_job_that_no_longer_waits_is_removed() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta expiring 1", "ZADD jq:{q}:expiring 5 gone"]);
    rig.replies(KEYS, fetch(0, 5), &expired(r#""", []"#, ""));
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          expiring = 1
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn at_most_a_hundred_expire_in_a_call() {
    let mut rig = rig();
    run(rig.connection(), "HSET jq:{q}:meta expiring 1 paused 1");
    for n in 0..130 {
        run(rig.connection(), &format!("ZADD jq:{{q}}:waiting {n} j{n}"));
        run(rig.connection(), &format!("ZADD jq:{{q}}:expiring {n} j{n}"));
    }
    let reply = rig.call(KEYS, fetch(0, 9)).expect("no refusal");
    let redis::Value::Array(items) = reply else { panic!("an array") };
    assert_eq!(items[2], redis::Value::Int(30), "so many still wait");
    let redis::Value::Array(more) = &items[10] else { panic!("more") };
    assert_eq!(more[3], redis::Value::Int(0), "there is more to do at once");
}

#[test]
fn the_queues_dead_letter_queue_is_told() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta dead_letter orders-dlq"]);
    rig.replies(
        KEYS,
        fetch(0, 5),
        r#"[1700000000000, 10001, 0, "", "", [], nil, nil, nil, 0, ["dead_letter", "orders-dlq"]]"#,
    );
}

/// Otherwise a worker would be told of a lane whose job has gone.
#[test]
fn a_job_that_expires_in_a_lane_leaves_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1 lane_wakes 1",
        "HSET jq:{q}:jobs a ra b rb",
        "HSET jq:{q}:lane_of a mail b mail",
        "ZADD jq:{q}:lanes 1 mail",
        "ZADD jq:{q}:lane:mail 1 a 2 b",
        "ZADD jq:{q}:waiting -9007199254740991 a -9007199254740990 b",
        "ZADD jq:{q}:expiring 1700000000000 a",
    ]);
    rig.answers(
        KEYS,
        fetch(0, 0),
        expect![[r#"
        1700000000000
        10001
        1
        ""
        "a"
        ["ra"]
        nil
        nil
        nil
        0
        ["expired", "a", "expires", -1]
    "#]],
    );
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          -1 a
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:lane:mail zset
          2 b
        jq:{q}:lane_of hash
          b = mail
        jq:{q}:lanes zset
          2 mail
        jq:{q}:meta hash
          events = 0
          expiring = 1
          lane_wakes = 1
          layout = 2
        jq:{q}:running:w1 hash
          a = 4505299627370496:1700000000000
        jq:{q}:waiting zset
          -9007199254740990 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

/// Between being handed out as expired and being settled as that, jobs are active.
#[test]
fn one_that_is_cancelled_before_it_is_settled_as_expired_is_cancelled_and_nothing_follows() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1 layout 2 events 0",
        "HSET jq:{q}:jobs a ra b rb",
        "ZADD jq:{q}:waiting 1 a 2 b",
        "ZADD jq:{q}:expiring 5 a 5 b",
    ]);
    rig.replies(KEYS, fetch(0, 0), &expired(r#""a b", ["ra", "rb"]"#, "a b"));
    // As job/cancel marks one that runs.
    rig.given(["HSET jq:{q}:meta cancelling 1", "HSET jq:{q}:cancels a 5~-1~-1~cancelled"]);
    let failed = args![1, "failed", 5, -1, 2, "a", "expired", "b", "expired", 0, 0, 10, 0];
    let letters = args![2, "dlq", "da", 0, "letter a", "0:a", "dlq", "db", 0, "letter b", "0:b"];
    rig.call(KEYS, settle(2, 0, [failed, letters].concat())).expect("settled");
    rig.holds(expect![[r#"
        jq:{q}:cancelled zset
          1700000000000 a
        jq:{q}:failed zset
          1700000000000 b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          cancelled = 1
          events = 0
          expiring = 1
          failed = 1
          layout = 2
        jq:{q}:outbox stream
          to = dlq, id = db, priority = 0, record = letter b
        jq:{q}:outcomes hash
          a = cancelled
          b = expired
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}
