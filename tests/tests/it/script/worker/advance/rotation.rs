//! Jobs of groups, in turn.

use expect_test::expect;
use jobqueue_tests::raw::args;

use super::{KEYS, Rig, fetch, rig, settle, taken_by};
use crate::script::{grouped, turn};

/// The ids that a call hands out.
fn taken(rig: &mut Rig, held: u32, want: u32) -> Vec<String> {
    let ids = taken_by(rig, fetch(held, want));
    ids.split_whitespace().map(str::to_owned).collect()
}

/// A queue with jobs of these groups: their ids, and whose turn.
fn given(rig: &mut Rig, jobs: &[(&str, &str, u64)]) {
    rig.given(["HSET jq:{q}:meta grouped 1"]);
    for (id, group, n) in jobs {
        rig.given([&*format!("ZADD jq:{{q}}:waiting {} {id}", turn(*n))]);
        let set = redis::cmd("HSET").arg("jq:{q}:jobs").arg(id).arg(grouped(group)).clone();
        let _: i64 = set.query(rig.connection()).expect("set");
    }
}

#[test]
fn the_first_turns_are_taken_and_the_queue_is_as_far_as_the_last() {
    let mut rig = rig();
    given(&mut rig, &[("1", "a", 5), ("2", "a", 6), ("3", "b", 5), ("4", "b", 9)]);
    rig.given(["ZADD jq:{q}:passes 564480 a 806400 b 1 old"]);
    assert_eq!(taken(&mut rig, 0, 3), ["1", "3", "2"]);
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
          pass = 483840
        jq:{q}:passes zset
          564480 a
          806400 b
        jq:{q}:running:w1 hash
          1 = -18014398508675584:1700000000000
          2 = -18014398508514304:1700000000000
          3 = -18014398508675584:1700000000000
        jq:{q}:waiting zset
          -18014398508030464 4
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
    // With the last job, no pass is ahead any more.
    assert_eq!(taken(&mut rig, 3, 9), ["4"]);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
          pass = 806400
        jq:{q}:running:w1 hash
          1 = -18014398508675584:1700000000000
          2 = -18014398508514304:1700000000000
          3 = -18014398508675584:1700000000000
          4 = -18014398508030464:1700000000000
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

#[test]
fn jobs_without_a_group_are_one_more() {
    let mut rig = rig();
    given(&mut rig, &[("1", "a", 5), ("2", "a", 6), ("3", "a", 7)]);
    rig.given([
        "ZADD jq:{q}:waiting 7 p 8 q 9 r",
        "HSET jq:{q}:meta pass 403200",
        "HSET jq:{q}:weights '' 2",
    ]);
    assert_eq!(taken(&mut rig, 0, 5), ["1", "p", "q", "2", "r"]);
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
          pass = 483840
          plain_pass = 524160
        jq:{q}:running:w1 hash
          1 = -18014398508675584:1700000000000
          2 = -18014398508514304:1700000000000
          p = 7:1700000000000
          q = 8:1700000000000
          r = 9:1700000000000
        jq:{q}:waiting zset
          -18014398508353024 3
        jq:{q}:wake list
          1
        jq:{q}:weights hash
           = 2
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

#[test]
fn a_turn_of_a_group_that_stands_apart_goes_to_its_first_job() {
    let mut rig = rig();
    // `1` and `2` have turns; `9` goes before them, and `3` after them.
    given(&mut rig, &[("1", "a", 0), ("2", "a", 1), ("b", "b", 1)]);
    rig.given([
        "ZADD jq:{q}:waiting:a 4500901580000000 9 4505299627370496 3",
        "ZADD jq:{q}:waiting -4506297674740992 9 -4501899627370496 3",
        "ZADD jq:{q}:groups 161280 a",
        "HSET jq:{q}:group_of 9 1~a 3 2~a 1 1~a 2 2~a",
        "HSET jq:{q}:priority 9 -1",
    ]);
    assert_eq!(taken(&mut rig, 0, 1), ["9"]);
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:group_of hash
          1 = 1 a
          2 = 2 a
          3 = 2 a
          9 = 1 a
        jq:{q}:groups zset
          161280 a
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
          pass = 0
        jq:{q}:priority hash
          9 = -1
        jq:{q}:running:w1 hash
          9 = -18014398509481984:1700000000000
        jq:{q}:waiting zset
          -18014398509320704 2
          -18014398509320704 b
          -4503599627370495 1
          -4501899627370496 3
        jq:{q}:waiting:a zset
          4503599627370497 1
          4505299627370496 3
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
    assert_eq!(taken(&mut rig, 1, 9), ["1", "b", "2", "3"]);
    rig.holds(expect![[r#"
        jq:{q}:group_of hash
          1 = 1 a
          2 = 2 a
          3 = 2 a
          9 = 1 a
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
          pass = 322560
        jq:{q}:priority hash
          9 = -1
        jq:{q}:running:w1 hash
          1 = -18014398509320704:1700000000000
          2 = -4503599627370494:1700000000000
          3 = -4501899627370496:1700000000000
          9 = -18014398509481984:1700000000000
          b = -18014398509320704:1700000000000
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

#[test]
fn what_goes_back_has_its_turn_again() {
    let mut rig = rig();
    given(&mut rig, &[("1", "a", 3)]);
    rig.given([
        &*format!("HSET jq:{{q}}:running:w1 1 {}:1 2 -4506297674740992:1 3 7:1", turn(3)),
        "HSET jq:{q}:group_of 2 5~a",
    ]);
    let back = args![0, 0, 3, "1", "=", -1, "2", "=", -1, "3", "=", -1, 10, 0];
    assert!(rig.call(KEYS, settle(3, 0, back)).is_ok());
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:group_of hash
          2 = 5 a
        jq:{q}:groups zset
          0 a
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
        jq:{q}:waiting zset
          -18014398508998144 1
          -4506297674740992 2
          7 3
        jq:{q}:waiting:a zset
          4500901580000000 2
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_retry_takes_a_new_turn() {
    let mut rig = rig();
    given(&mut rig, &[]);
    rig.given([
        "HSET jq:{q}:running:w1 1 1:1",
        "HSET jq:{q}:group_of 1 5~a",
        "ZADD jq:{q}:passes 241920 a",
    ]);
    assert!(rig.call(KEYS, settle(1, 0, args![0, 1, "1", 1, 0, 0, 10, 0])).is_ok());
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          1 = 1
        jq:{q}:group_of hash
          1 = 1700000000000 a
        jq:{q}:meta hash
          events = 0
          grouped = 1
          layout = 2
        jq:{q}:passes zset
          322560 a
        jq:{q}:waiting zset
          -18014398508998144 1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}
