//! Jobs with concurrency keys.

use expect_test::expect;
use jobqueue_tests::raw::args;

use super::{KEYS, new, rig};
use crate::script::keyed;

#[test]
fn their_keys_are_noted() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta events 0"]);
    let long = "x".repeat(255);
    let two = format!("1 {long}\n30 b c");
    let [one, two, four] = [keyed("", "1 a"), keyed("g", &two), keyed("", "2 é%")];
    let jobs = args!["1", &*one, "2", &*two, "3", "none", "4", &*four, 0];
    rig.replies(KEYS, [args![2, new(), 4], jobs].concat(), "[]");
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:keys_of hash
          1 = 1 a
          2 = 1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n30 b c
          4 = 2 é%
        jq:{q}:meta hash
          added = 4
          events = 0
          grouped = 2
          layout = 2
        jq:{q}:passes zset
          80640 g
        jq:{q}:producer:p string, expires
          1
        jq:{q}:waiting zset
          -18014398509481984 2
          4505299627370496 1
          4505299627370496 3
          4505299627370496 4
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn one_that_stands_for_another_keeps_its_own() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta events 0"]);
    let [first, second] = [keyed("", "1 a"), keyed("", "1 b")];
    rig.replies(KEYS, args![3, new(), 1, "j", &*first, 0], "[]");
    rig.replies(KEYS, args![3, new(), 1, "j", &*second, 0], r#"[1, "j"]"#);
    rig.given(["DEL jq:{q}:jobs"]);
    rig.holds(expect![[r#"
        jq:{q}:keys_of hash
          j = 1 a
        jq:{q}:meta hash
          added = 1
          events = 0
          grouped = 2
          layout = 2
          newest = 1700000000001 j
        jq:{q}:producer:p string, expires
          2 1 j
        jq:{q}:waiting zset
          4505299627370497 j
        jq:{q}:wake list
          1
    "#]]);
}
