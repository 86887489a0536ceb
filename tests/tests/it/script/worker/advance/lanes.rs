//! Jobs that some workers can't start now.

use super::{KEYS, Rig, args, expect, rig};

/// A call with these rooms and blocks.
fn call(held: u32, want: u32, rooms: &str, blocks: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    [args![Rig::BASE, "w1", 10_000, held, want, 0, rooms], blocks].concat()
}

/// A call that settles nothing.
fn fetch(held: u32, want: u32, rooms: &str) -> Vec<Vec<u8>> {
    call(held, want, rooms, args![0, 0, 0, 10, 0])
}

/// `a`, `b` and `c` were fetched; `a` and `c` go into lanes, and `d` waits.
fn parked() -> Rig {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1 b 2:1 c 3:1",
        "HSET jq:{q}:jobs a ra b rb c rc d rd",
        "ZADD jq:{q}:waiting 4 d",
        "ZADD jq:{q}:workers 1700000009000 w2",
    ]);
    let back = args![0, 0, 2, "a", "=mail", -1, "c", "=make a sum", -1, 10, 0];
    let reply = rig.call(KEYS, call(3, 0, "", back));
    assert!(reply.is_ok(), "{reply:?}");
    rig
}

#[test]
fn a_job_without_room_goes_into_a_lane_and_others_are_woken() {
    let mut rig = parked();
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
          d = rd
        jq:{q}:lane:mail zset
          1 a
        jq:{q}:lane:make a sum zset
          3 c
        jq:{q}:lane_of hash
          a = mail
          c = make a sum
        jq:{q}:lanes zset
          1 mail
          3 make a sum
        jq:{q}:meta hash
          events = 0
          lane_wakes = 2
          layout = 2
        jq:{q}:running:w1 hash
          b = 2:1
        jq:{q}:waiting zset
          -9007199254740991 a
          -9007199254740989 c
          4 d
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 w2
          1700000010000 w1
    "#]]);
}

#[test]
fn a_full_lane_is_left_out_and_the_token_goes_on() {
    let mut rig = parked();
    rig.given(["DEL jq:{q}:wake"]);
    rig.replies(
        KEYS,
        fetch(1, 5, "0 mail\n0 make a sum\n"),
        "[1700000000000, 9001, 2, \"\", \"d\", [\"rd\"], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
          d = rd
        jq:{q}:lane:mail zset
          1 a
        jq:{q}:lane:make a sum zset
          3 c
        jq:{q}:lane_of hash
          a = mail
          c = make a sum
        jq:{q}:lanes zset
          1 mail
          3 make a sum
        jq:{q}:meta hash
          events = 0
          lane_wakes = 1
          layout = 2
        jq:{q}:running:w1 hash
          b = 2:1
          d = 4:1700000000000
        jq:{q}:waiting zset
          -9007199254740991 a
          -9007199254740989 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 w2
          1700000010000.5 w1
    "#]]);
}

#[test]
fn lanes_with_room_and_without_a_limit_are_fetched_from_in_the_order_of_ranks() {
    let mut rig = parked();
    rig.replies(
        KEYS,
        fetch(1, 2, "1 mail\n"),
        "[1700000000000, 9001, 1, \"\", \"a c\", [\"ra\", \"rc\"], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
          d = rd
        jq:{q}:meta hash
          events = 0
          lane_wakes = 1
          layout = 2
        jq:{q}:running:w1 hash
          a = 1:1700000000000
          b = 2:1
          c = 3:1700000000000
        jq:{q}:waiting zset
          4 d
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 w2
          1700000010000.5 w1
    "#]]);
}

#[test]
fn the_only_worker_wakes_nobody() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1", "HSET jq:{q}:jobs a ra"]);
    let back = args![0, 0, 1, "a", "=mail", -1, 10, 0];
    rig.replies(
        KEYS,
        call(1, 5, "0 mail\n", back),
        "[1700000000000, 10001, 1, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = ra
        jq:{q}:lane:mail zset
          1 a
        jq:{q}:lane_of hash
          a = mail
        jq:{q}:lanes zset
          1 mail
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:waiting zset
          -9007199254740991 a
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_job_that_goes_back_unstarted_may_expire_again() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta expiring 1",
        "HSET jq:{q}:jobs a ra b rb",
        "ZADD jq:{q}:waiting 1 a 2 b",
        "ZADD jq:{q}:expiring 1700000000050 a 1700000000050 b",
    ]);
    let reply = rig.call(KEYS, fetch(0, 2, ""));
    assert!(reply.is_ok(), "{reply:?}");
    let back = args![0, 0, 2, "a", "=mail", -1, "b", "=", -1, 10, 0];
    rig.replies(
        KEYS,
        call(2, 0, "", back),
        "[1700000000000, 10001, 2, \"\", \"\", [], nil, nil, nil, 0, \
         [\"expired\", \"\", \"expires\", 50]]",
    );
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          1700000000050 a
          1700000000050 b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:lane:mail zset
          1 a
        jq:{q}:lane_of hash
          a = mail
        jq:{q}:lanes zset
          1 mail
        jq:{q}:meta hash
          events = 0
          expiring = 1
          layout = 2
        jq:{q}:waiting zset
          -9007199254740991 a
          2 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn another_worker_is_woken_if_only_the_job_in_a_lane_waits() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1",
        "HSET jq:{q}:jobs a ra",
        "ZADD jq:{q}:workers 1700000009000 w2",
    ]);
    let back = args![0, 0, 1, "a", "=mail", -1, 10, 0];
    let reply = rig.call(KEYS, call(1, 5, "0 mail\n", back));
    assert!(reply.is_ok(), "{reply:?}");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = ra
        jq:{q}:lane:mail zset
          1 a
        jq:{q}:lane_of hash
          a = mail
        jq:{q}:lanes zset
          1 mail
        jq:{q}:meta hash
          events = 0
          lane_wakes = 2
          layout = 2
        jq:{q}:waiting zset
          -9007199254740991 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 w2
          1700000010000 w1
    "#]]);
}

#[test]
fn the_token_goes_on_no_more_once_all_have_had_it() {
    let mut rig = parked();
    rig.given(["DEL jq:{q}:wake", "HSET jq:{q}:meta lane_wakes 1"]);
    let wants = || fetch(1, 5, "0 mail\n0 make a sum\n");
    assert!(rig.call(KEYS, wants()).is_ok());
    let wakes =
        redis::cmd("HEXISTS").arg("jq:{q}:meta").arg("lane_wakes").query::<bool>(rig.connection());
    assert!(!wakes.expect("read"), "the last is told of by no number");
    rig.given(["DEL jq:{q}:wake"]);
    assert!(rig.call(KEYS, fetch(2, 5, "0 mail\n0 make a sum\n")).is_ok());
    let token = redis::cmd("EXISTS").arg("jq:{q}:wake").query::<bool>(rig.connection());
    assert!(!token.expect("read"), "nobody else is woken");
}
