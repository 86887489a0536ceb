//! `lua/job/retry_many.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "outcomes",
    "uniques",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    crate::script::rig("job/retry_many")
}

#[test]
fn runs_jobs_again_and_says_why_not() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:failed 1 b 2 a 3 letter 4 keyed",
        "ZADD jq:{q}:completed 1 done",
        "ZADD jq:{q}:cancelled 1 gone",
        "ZADD jq:{q}:waiting 1 waits",
        "ZADD jq:{q}:delayed 1 later",
        "ZADD jq:{q}:workers 9 w",
        "HSET jq:{q}:running:w runs 1:1",
        "HSET jq:{q}:outcomes a o1 b o1 letter o\u{2}",
        "HSET jq:{q}:attempts a 3",
        "HSET jq:{q}:uniques keyed k a ka",
        "SET jq:{q}:unique:k another",
        "SET jq:{q}:once:job:a =x",
    ]);
    let ids = args!["b", "a", "letter", "keyed", "done", "gone", "waits", "later", "runs", "none"];
    let words = r#""again again ! =another again again waiting delayed active -""#;
    rig.replies(KEYS, args![Rig::BASE, 0, "", ids], words);
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
          b = 0@1700000000000
          done = 0@1700000000000
          gone = 0@1700000000000
        jq:{q}:delayed zset
          1 later
        jq:{q}:events stream
          waiting = done
          waiting = b a
          waiting = gone
        jq:{q}:failed zset
          3 letter
          4 keyed
        jq:{q}:meta hash
          newest = 1700000000003 gone
        jq:{q}:once:job:a string
          =x
        jq:{q}:outcomes hash
          letter = o\u{2}
        jq:{q}:running:w hash
          runs = 1:1
        jq:{q}:unique:k string
          another
        jq:{q}:unique:ka string
          a
        jq:{q}:uniques hash
          a = ka
          keyed = k
        jq:{q}:waiting zset
          1 waits
          4505299627370497 done
          4505299627370498 b
          4505299627370499 a
          4505299627370499 gone
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          9 w
    "#]]);
}

#[test]
fn forgets_what_was_recorded_if_asked() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:failed 1 a 2 b",
        "SET jq:{q}:once:job:a =x",
        "SET jq:{q}:once:job:b =x",
    ]);
    rig.replies(KEYS, args![Rig::BASE, 1, "", "a"], r#""again""#);
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000000000
        jq:{q}:failed zset
          2 b
        jq:{q}:meta hash
          events = 0
          layout = 2
          newest = 1700000000001 a
        jq:{q}:once:job:b string
          =x
        jq:{q}:waiting zset
          4505299627370497 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn of_two_with_one_key_the_first_runs() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:failed 1 a 2 b", "HSET jq:{q}:uniques a k b k"]);
    rig.replies(KEYS, args![Rig::BASE, 0, "", "a", "b"], r#""again =a""#);
}

#[test]
fn what_is_in_another_state_than_is_meant_does_not_run_again() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r b r c r d r",
        "ZADD jq:{q}:failed 1 a",
        "ZADD jq:{q}:completed 1 b",
        "ZADD jq:{q}:cancelled 1 c",
        "ZADD jq:{q}:waiting 1 d",
    ]);
    let words = r#""again completed cancelled waiting -""#;
    rig.replies(KEYS, args![Rig::BASE, 0, "failed", "a", "b", "c", "d", "none"], words);
    let left = jobqueue_tests::raw::run(rig.connection(), "ZCARD jq:{q}:completed");
    assert_eq!(left, redis::Value::Int(1));
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "ZADD jq:{q}:failed 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, 0, "", "a"], "LAYOUT 9 2");
}
