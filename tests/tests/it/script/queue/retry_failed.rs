//! `lua/queue/retry_failed.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "failed", "waiting", "priority", "attempts", "stalls", "misses", "outcomes", "uniques", "meta",
    "events", "wake",
];

fn rig() -> Rig {
    crate::script::rig("queue/retry_failed")
}

#[test]
fn runs_the_oldest_failed_jobs_again() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:failed 1 a 2 b 3 c",
        "HSET jq:{q}:outcomes a o b o c o",
        "HSET jq:{q}:attempts a 3 b 3 c 3",
    ]);
    rig.replies(KEYS, args![Rig::BASE, 2, 0], "[2, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
          b = 0@1700000000000
          c = 3
        jq:{q}:events stream
          waiting = a b
        jq:{q}:failed zset
          3 c
        jq:{q}:meta hash
          newest = 1700000000001 b
        jq:{q}:outcomes hash
          c = o
        jq:{q}:waiting zset
          4505299627370497 a
          4505299627370497 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn none_is_an_answer() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, 10, 0], "[0, 0]");
    rig.holds(expect![""]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, 1, 0], "LAYOUT 9 2");
}

#[test]
fn those_whose_keys_others_have_and_those_with_dead_letters_stay_and_are_counted() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:failed 1 a 2 b 3 c 4 d 5 e",
        "HSET jq:{q}:outcomes a o b o c o d _\u{2}_ e o",
        "HSET jq:{q}:uniques a k b k c l",
        "SET jq:{q}:unique:l other",
    ]);
    rig.replies(KEYS, args![Rig::BASE, 4, 0], "[1, 3]");
    rig.replies(KEYS, args![Rig::BASE, 4, 3], "[1, 0]");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
          e = 0@1700000000000
        jq:{q}:failed zset
          2 b
          3 c
          4 d
        jq:{q}:meta hash
          events = 0
          layout = 2
          newest = 1700000000001 e
        jq:{q}:outcomes hash
          b = o
          c = o
          d = _\u{2}_
        jq:{q}:unique:k string
          a
        jq:{q}:unique:l string
          other
        jq:{q}:uniques hash
          a = k
          b = k
          c = l
        jq:{q}:waiting zset
          4505299627370497 a
          4505299627370497 e
        jq:{q}:wake list
          1
    "#]]);
}
