//! Jobs of groups take turns.

use expect_test::expect;
use jobqueue_tests::raw::args;

use super::{KEYS, new, rig};
use crate::script::grouped;

#[test]
fn each_job_has_a_turn_of_its_group() {
    let mut rig = rig();
    // `b` is ahead of the queue by two turns, `d` was so before, and the weight of `c` is 4.
    rig.given([
        "HSET jq:{q}:meta pass 80640 events 0",
        "ZADD jq:{q}:passes 241920 b 80000 d",
        "HSET jq:{q}:weights c 4",
    ]);
    let [a, b, c, d] = ["a", "b", "c", "d"].map(grouped);
    let jobs = args!["1", &*a, "2", &*a, "3", &*b, "4", &*c, "5", &*c, "6", &*d, "7", "none", 0];
    rig.replies(KEYS, [args![2, new(), 7], jobs].concat(), "[]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          1 = \x97\u{2}\xa1a
          2 = \x97\u{2}\xa1a
          3 = \x97\u{2}\xa1b
          4 = \x97\u{2}\xa1c
          5 = \x97\u{2}\xa1c
          6 = \x97\u{2}\xa1d
          7 = none
        jq:{q}:meta hash
          added = 7
          events = 0
          grouped = 1
          layout = 2
          pass = 80640
        jq:{q}:passes zset
          120960 c
          161280 d
          241920 a
          322560 b
        jq:{q}:producer:p string, expires
          1
        jq:{q}:waiting zset
          -18014398509320704 1
          -18014398509320704 4
          -18014398509320704 6
          -18014398509280384 5
          -18014398509159424 2
          -18014398508998144 3
          4505299627370496 7
        jq:{q}:wake list
          1
        jq:{q}:weights hash
          c = 4
    "#]]);
}

#[test]
fn what_records_and_ids_do_not_say_is_noted() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    // Chosen ids; the second is delayed.
    let a = grouped("a");
    let jobs = args!["x", &*a, "y", &*a, 1, 2, 0, "+9", 0, 0, ""];
    rig.replies(KEYS, [args![3, new(), 2], jobs].concat(), "[]");
    // A record that is large.
    let large = [grouped("b"), vec![b'x'; 1_100]].concat();
    rig.replies(KEYS, args![2, new(), 1, "z", &*large, 0], "[]");
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000009 y
        jq:{q}:group_of hash
          x = 1700000000001 a
          y = 0 a
          z = 1700000000002 b
        jq:{q}:meta hash
          added = 3
          events = 0
          grouped = 1
          largest = 1104
          layout = 2
          newest = 1700000000002 
        jq:{q}:passes zset
          80640 a
          80640 b
        jq:{q}:producer:p string, expires
          2
        jq:{q}:waiting zset
          -18014398509481984 x
          -18014398509481984 z
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_batch_whose_jobs_with_groups_are_all_delayed() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    let a = grouped("a");
    rig.replies(KEYS, args![2, new(), 2, "1", "none", "2", &*a, 1, 2, 0, "+9", 0, 0, ""], "[]");
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000009 2
        jq:{q}:meta hash
          added = 2
          events = 0
          grouped = 1
          layout = 2
        jq:{q}:producer:p string, expires
          1
        jq:{q}:waiting zset
          4505299627370496 1
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_priority_puts_its_group_apart() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    let a = grouped("a");
    rig.replies(KEYS, args![2, new(), 2, "1", &*a, "2", &*a, 1, 2, -1, "", 0, 0, ""], "[]");
    // From then on its jobs go by their ranks.
    rig.replies(KEYS, args![2, new(), 1, "3", &*a, 0], "[]");
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:group_of hash
          2 = 1700000000000 a
          3 = 1700000000000 a
        jq:{q}:groups zset
          80640 a
        jq:{q}:meta hash
          added = 3
          events = 0
          grouped = 1
          layout = 2
        jq:{q}:passes zset
          80640 a
        jq:{q}:priority hash
          2 = -1
        jq:{q}:producer:p string, expires
          2
        jq:{q}:waiting zset
          -18014398509481984 1
          -4506297673881600 2
          -4501899627370496 3
        jq:{q}:waiting:a zset
          4500901580859392 2
          4505299627370496 3
        jq:{q}:wake list
          1
    "#]]);
}
