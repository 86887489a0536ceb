//! Settling: how runs ended.

use expect_test::expect;
use jobqueue_tests::raw::args;

use super::{KEYS, head, rig, settle};

#[test]
fn completed_and_not_kept_leaves_nothing() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1 b 2:1 c 3:1",
        "HSET jq:{q}:jobs a r b r c r",
        "HSET jq:{q}:attempts a 1",
        "HSET jq:{q}:progress b p",
        "SADD jq:{q}:listed a",
        "RPUSH jq:{q}:errors:a e",
        "HSET jq:{q}:uniques a k",
        "SET jq:{q}:unique:k a",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(
        KEYS,
        settle(3, 0, args![1, "completed", 0, -1, 2, "a", "b", 0, 0, 10, 0]),
        "[1700000000000, 10001, 0, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:events stream
          completed = a b
        jq:{q}:jobs hash
          c = r
        jq:{q}:meta hash
          completed = 2
          layout = 2
        jq:{q}:running:w1 hash
          c = 3:1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn kept_jobs_are_trimmed_by_count_and_by_age() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1 f 1:1",
        "ZADD jq:{q}:completed 1699999000000 x 1699999500000 y",
        "ZADD jq:{q}:failed 1699990000000 old 1699999999000 new",
        "HSET jq:{q}:jobs a r f r x r y r old r new r",
        "HSET jq:{q}:outcomes x o y o old o new o",
        "HSET jq:{q}:attempts old 3",
        "SADD jq:{q}:listed old",
        "RPUSH jq:{q}:errors:old e",
        "RPUSH jq:{q}:logs:old l",
        "HSET jq:{q}:uniques a k",
        "SET jq:{q}:unique:k a",
    ]);
    let completed = args!["completed", 2, -1, 1, "a", "oa"];
    let failed = args!["failed", -1, 60000, 1, "f", "of"];
    let blocks = [args![2], completed, failed, args![0, 0, 10, 1, "f", "error"]].concat();
    rig.replies(
        KEYS,
        settle(2, 0, blocks),
        "[1700000000000, 10001, 0, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:completed zset
          1699999500000 y
          1700000000000 a
        jq:{q}:errors:f list
          error
        jq:{q}:failed zset
          1699999999000 new
          1700000000000 f
        jq:{q}:jobs hash
          a = r
          f = r
          new = r
          y = r
        jq:{q}:listed set
          f
        jq:{q}:meta hash
          completed = 1
          events = 0
          failed = 1
          layout = 2
        jq:{q}:outcomes hash
          a = oa
          f = of
          new = o
          y = o
        jq:{q}:uniques hash
          a = k
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn retried_at_once_or_later_with_the_attempt_and_the_newest_errors() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 now 1:1 later 2:1",
        "HSET jq:{q}:priority now -1",
        "RPUSH jq:{q}:errors:now e3 e2 e1",
        "SADD jq:{q}:listed now",
        "HDEL jq:{q}:meta events",
    ]);
    let blocks = args![0, 2, "now", 4, 0, "later", 1, 3000, 0, 3, 2, "now", "e4", "later", "first"];
    rig.replies(
        KEYS,
        settle(2, 0, blocks),
        "[1700000000000, 3000, 1, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          later = 1
          now = 4
        jq:{q}:delayed zset
          1700000003000 later
        jq:{q}:errors:later list
          first
        jq:{q}:errors:now list
          e4
          e3
          e2
        jq:{q}:events stream
          retrying = now later
        jq:{q}:listed set
          later
          now
        jq:{q}:meta hash
          layout = 2
        jq:{q}:priority hash
          now = -1
        jq:{q}:waiting zset
          4500901580859392 now
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn snoozed_with_what_its_attempts_then_are() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 back 4505000000000000:1700000000000 later 5:1",
        "HSET jq:{q}:attempts back 2 later 1~7",
        "HDEL jq:{q}:meta events",
    ]);
    let blocks = args![0, 0, 2, "back", 0, "~2~1", "later", 2000, "~1~8", 10, 0];
    rig.replies(
        KEYS,
        settle(2, 0, blocks),
        "[1700000000000, 2000, 1, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          back = 2~1
          later = 1~8
        jq:{q}:delayed zset
          1700000002000 later
        jq:{q}:events stream
          released = back later
        jq:{q}:meta hash
          layout = 2
        jq:{q}:waiting zset
          4505000000000000 back
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn released_to_its_own_place_or_for_later_with_misses() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 back 4505000000000000:1700000000000 miss 5:1"]);
    let blocks = args![0, 0, 2, "back", 0, -1, "miss", 2000, 3, 10, 0];
    rig.replies(
        KEYS,
        settle(2, 0, blocks),
        "[1700000000000, 2000, 1, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000002000 miss
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:misses hash
          miss = 3
        jq:{q}:waiting zset
          4505000000000000 back
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_throttle_stops_the_queue_and_never_shortens_another() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a", "HSET jq:{q}:jobs a r"]);
    let throttle = |ms| [head(0, 5, ms), args![0, 0, 0, 10, 0]].concat();
    rig.replies(
        KEYS,
        throttle(3_000),
        "[1700000000000, 3000, 1, \"throttled\", \"\", [], nil, nil, nil]",
    );
    rig.replies(
        KEYS,
        throttle(1_000),
        "[1700000000000, 3000, 1, \"throttled\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          events = 0
          layout = 2
          throttled_from = 1700000000000
          throttled_until = 1700000003000
          turn = 1700000003000.000 1700000000000.000 w1
        jq:{q}:waiting zset
          1 a
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn released_at_once_with_misses_or_for_later_as_before() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 back 7:1 later 5:1", "HSET jq:{q}:misses back 2 later 2"]);
    let blocks = args![0, 0, 2, "back", 0, 3, "later", 500, -1, 10, 0];
    rig.replies(
        KEYS,
        settle(2, 0, blocks),
        "[1700000000000, 500, 1, \"\", \"\", [], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000500 later
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:misses hash
          back = 3
          later = 2
        jq:{q}:waiting zset
          7 back
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn effects_on_other_queues_are_written_in_the_same_step() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1 b 2:1", "HSET jq:{q}:jobs a r b r"]);
    let blocks = args![1, "failed", 0, -1, 1, "a", 0, 0, 10, 0, 1, "q-dlq", "j1", 0, "letter", ""];
    rig.replies(
        KEYS,
        settle(2, 0, blocks),
        "[1700000000000, 10001, 0, \"\", \"\", [], nil, nil, nil, 1]",
    );
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          b = r
        jq:{q}:meta hash
          events = 0
          failed = 1
          layout = 2
        jq:{q}:outbox stream
          to = q-dlq, id = j1, priority = 0, record = letter
        jq:{q}:running:w1 hash
          b = 2:1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_job_whose_outcome_has_no_place_is_still_held() {
    for (key, blocks) in [
        ("outcomes", args![1, "completed", -1, -1, 1, "a", "o", 0, 0, 10, 0]),
        ("completed", args![1, "completed", -1, -1, 1, "a", "o", 0, 0, 10, 0]),
        ("attempts", args![0, 1, "a", 1, 0, 0, 10, 0]),
        ("delayed", args![0, 1, "a", 1, 5, 0, 10, 0]),
        ("misses", args![0, 0, 1, "a", 5, 1, 10, 0]),
    ] {
        let mut rig = rig();
        let (running, wrong) =
            ("HSET jq:{q}:running:w1 a 1:1 b 2:1", format!("SET jq:{{q}}:{key} x"));
        rig.given([running, "HSET jq:{q}:jobs a r b r", wrong.as_str()]);
        let answer = rig.call(KEYS, settle(2, 0, blocks));
        assert!(answer.is_err_and(|error| error.starts_with("WRONGTYPE")), "{key}");
        let held: u32 =
            redis::cmd("HLEN").arg("jq:{q}:running:w1").query(rig.connection()).expect("a number");
        assert_eq!(held, 2, "{key}");
    }
}

#[test]
fn a_dead_letter_tells_of_the_errors_and_the_priority_that_its_job_had() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1 b 2:1 c 3:1",
        "HSET jq:{q}:jobs a r b r c r",
        "HSET jq:{q}:priority a -7",
        "RPUSH jq:{q}:errors:a second first",
        "RPUSH jq:{q}:errors:b before",
        "SADD jq:{q}:listed a b",
    ]);
    // Nothing is kept of a and c; of b the last error is written, and not told twice.
    let ended = args![2, "failed", 0, -1, 2, "a", "c", "failed", -1, -1, 1, "b", "o"];
    let letter = |id: &str, along: &str| args!["dlq", id, 0, "rec", along];
    let effects = [
        args![0, 0, 10, 1, "b", "last", 3],
        letter("j1", "0:a"),
        letter("j2", "1:b"),
        letter("j3", "0:c"),
    ];
    rig.call(KEYS, settle(3, 0, [ended, effects.concat()].concat())).expect("an answer");
    rig.holds(expect![[r#"
        jq:{q}:errors:b list
          last
          before
        jq:{q}:failed zset
          1700000000000 b
        jq:{q}:jobs hash
          b = r
        jq:{q}:listed set
          b
        jq:{q}:meta hash
          events = 0
          failed = 3
          layout = 2
        jq:{q}:outbox stream
          to = dlq, id = j1, priority = 0, record = rec, error = second, error = first, job_priority = -7
          to = dlq, id = j2, priority = 0, record = rec, error = before
          to = dlq, id = j3, priority = 0, record = rec
        jq:{q}:outcomes hash
          b = o
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}
