//! Receiving by hand: all that are out are held under one name, each until a time of its own.

use expect_test::expect;
use jobqueue_tests::raw::{NOW, Rig, args, run};
use redis::Value;

use super::{KEYS, fetch, rig};

/// The keys of a receive.
fn keys() -> Vec<&'static str> {
    let keys = KEYS.iter().map(|key| if *key == "running:w1" { "running:by-hand" } else { key });
    keys.collect()
}

/// The call of the receive `w1`, whose jobs are out for five seconds.
fn receive(want: u32) -> Vec<Vec<u8>> {
    args![Rig::BASE, "w1", 30_000, "+5000", want, 0, "", 0, 0, 0, 0, 0]
}

#[test]
fn a_receive_ends_with_its_jobs_which_are_all_held_under_one_name() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000009000 by-hand",
        "HSET jq:{q}:running:by-hand x 1:1:r0",
        "ZADD jq:{q}:visibility 1700000009000 x",
        "ZADD jq:{q}:waiting 5 a 6 b 7 c",
        "HSET jq:{q}:jobs a ra b rb c rc",
    ]);
    let answer = "[1700000000000, 9001, 1, \"\", \"a b\", [\"ra\", \"rb\"], nil, nil, nil]";
    rig.replies(&keys(), receive(2), answer);
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:running:by-hand hash
          a = 5:1700000000000:w1
          b = 6:1700000000000:w1
          x = 1:1:r0
        jq:{q}:visibility zset
          1700000005000 a
          1700000005000 b
          1700000009000 x
        jq:{q}:waiting zset
          7 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000005000 by-hand
    "#]]);
    let ended = "LEASELOST the worker is not known, or its lease ran out";
    rig.refuses(&keys(), receive(1), ended);
}

#[test]
fn a_receive_that_finds_nothing_stays_known_for_its_lease() {
    let mut rig = rig();
    rig.replies(&keys(), receive(2), "[1700000000000, 30001, 0, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:workers zset
          1700000030000 w1
    "#]]);
}

#[test]
fn a_large_batch_is_marked_with_its_receive_too() {
    let mut rig = rig();
    for n in 10..40 {
        rig.given([format!("ZADD jq:{{q}}:waiting 5 j{n}").as_str()]);
    }
    rig.call(&keys(), receive(30)).expect("taken");
    let Value::Array(values) = run(rig.connection(), "HVALS jq:{q}:running:by-hand") else {
        panic!("no values");
    };
    let of_it = |value: &Value| matches!(value, Value::BulkString(it) if it.ends_with(b":w1"));
    assert_eq!((values.len(), values.iter().all(of_it)), (30, true));
    assert_eq!(run(rig.connection(), "ZCARD jq:{q}:visibility"), Value::Int(30));
}

#[test]
fn expired_jobs_are_out_until_they_are_settled_too() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1",
        "ZADD jq:{q}:waiting 5 a",
        "HSET jq:{q}:jobs a ra",
        "ZADD jq:{q}:expiring 7 a",
    ]);
    rig.answers(
        &keys(),
        receive(0),
        expect![[r#"
        1700000000000
        30001
        0
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
        jq:{q}:meta hash
          events = 0
          expiring = 1
          layout = 2
        jq:{q}:running:by-hand hash
          a = 4505299627370496:1700000000000:w1
        jq:{q}:visibility zset
          1700000005000 a
        jq:{q}:workers zset
          1700000005000 by-hand
    "#]]);
}

#[test]
fn expired_jobs_of_the_first_receive_take_the_room_of_others() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1 active 1",
        "ZADD jq:{q}:waiting 5 a 6 b",
        "HSET jq:{q}:jobs a ra b rb",
        "ZADD jq:{q}:expiring 7 a",
    ]);
    let answer = "[1700000000000, 30001, 1, \"active\", \"a\", [\"ra\"], nil, nil, nil, 0, \
         [\"expired\", \"a\", \"expires\", -1]]";
    rig.replies(&keys(), receive(1), answer);
}

#[test]
fn of_those_that_are_out_only_the_overdue_go_back() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1699999990000 by-hand",
        "HSET jq:{q}:running:by-hand a 5:1:r0 b 6:1:r0 c 7:1:r1",
        "ZADD jq:{q}:visibility 1699999990000 a 1700000000000 b 1700000002000 c 1 gone",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 1, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          stalled = a
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:by-hand hash
          b = 6:1:r0
          c = 7:1:r1
        jq:{q}:stalls hash
          a = 1
        jq:{q}:visibility zset
          1700000000000 b
          1700000002000 c
        jq:{q}:waiting zset
          5 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000000000 by-hand
          1700000010000 w1
    "#]]);
    // The next look is when the next is overdue.
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 1, 1, \"\", \"\", [], nil, nil, nil]");
    rig.at(NOW + 2_001);
    rig.call(KEYS, fetch(0, 0)).expect("an answer");
    rig.call(KEYS, fetch(0, 0)).expect("an answer");
    assert_eq!(run(rig.connection(), "HLEN jq:{q}:running:by-hand"), Value::Int(0));
    assert_eq!(run(rig.connection(), "ZSCORE jq:{q}:workers by-hand"), Value::Nil);
}
