//! Retention: how many finished jobs are kept, and that nothing stays of the others.

use std::fmt::Write as _;

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

use super::{KEYS, rig, settle};

/// The failed jobs that are kept after `new` has failed with these bounds.
fn kept(rig: &mut Rig, count: i64, age: i64) -> Value {
    rig.given(["HSET jq:{q}:running:w1 new 1:1"]);
    let failed = args![1, "failed", count, age, 1, "new", "o", 0, 0, 10, 0];
    rig.call(KEYS, settle(1, 0, failed)).expect("an answer");
    run(rig.connection(), "ZRANGE jq:{q}:failed 0 -1")
}

fn names(all: &[&str]) -> Value {
    Value::Array(all.iter().map(|name| Value::BulkString((*name).into())).collect())
}

#[test]
fn bounds_by_count_and_by_age() {
    // Count and age, -1 for no bound, and which jobs of 3, 2 and 1 seconds are left.
    let cases: [(i64, i64, &[&str]); 8] = [
        (-1, -1, &["c", "b", "a", "new"]),
        (9, -1, &["c", "b", "a", "new"]),
        (2, -1, &["a", "new"]),
        (1, -1, &["new"]),
        (-1, 2_001, &["b", "a", "new"]),
        // A job exactly as old as the bound goes.
        (-1, 2_000, &["a", "new"]),
        (3, 1_500, &["a", "new"]),
        (2, 2_500, &["a", "new"]),
    ];
    for (count, age, left) in cases {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:failed 1699999997000 c 1699999998000 b 1699999999000 a"]);
        assert_eq!(kept(&mut rig, count, age), names(left), "count {count}, age {age}");
    }
}

#[test]
fn nothing_stays_of_a_job_that_is_trimmed() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:failed 1 old",
        "HSET jq:{q}:jobs old r new r",
        "HSET jq:{q}:outcomes old o",
        "HSET jq:{q}:priority old 1",
        "HSET jq:{q}:attempts old 1",
        "HSET jq:{q}:stalls old 1",
        "HSET jq:{q}:misses old 1",
        "HSET jq:{q}:progress old p",
        "SADD jq:{q}:listed old",
        "RPUSH jq:{q}:errors:old e",
        "RPUSH jq:{q}:logs:old l",
    ]);
    kept(&mut rig, 1, -1);
    rig.holds(expect![[r#"
        jq:{q}:failed zset
          1700000000000 new
        jq:{q}:jobs hash
          new = r
        jq:{q}:meta hash
          events = 0
          failed = 1
          layout = 2
        jq:{q}:outcomes hash
          new = o
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn nothing_stays_of_a_job_that_is_trimmed_by_the_call_that_settles_it() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1 b 2:1", "HSET jq:{q}:jobs a r b r"]);
    // Two fail at once, with an error each, and only one is kept.
    let failed = args![1, "failed", 1, -1, 2, "a", "oa", "b", "ob", 0, 0];
    let errors = args![10, 2, "a", "ea", "b", "eb"];
    rig.replies(
        KEYS,
        settle(2, 0, [failed, errors].concat()),
        r#"[1700000000000, 10001, 0, "", "", [], nil, nil, nil]"#,
    );
    rig.holds(expect![[r#"
        jq:{q}:errors:b list
          eb
        jq:{q}:failed zset
          1700000000000 b
        jq:{q}:jobs hash
          b = r
        jq:{q}:listed set
          b
        jq:{q}:meta hash
          events = 0
          failed = 2
          layout = 2
        jq:{q}:outcomes hash
          b = ob
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_thousand_a_call_the_oldest_first() {
    for (count, age) in [(2, -1), (-1, 1_000)] {
        let mut rig = rig();
        let mut add = "ZADD jq:{q}:failed".to_owned();
        for n in 0..1_005 {
            let _ = write!(add, " {} job{n:04}", n + 1);
        }
        rig.given([add.as_str()]);
        let rest = ["job1000", "job1001", "job1002", "job1003", "job1004", "new"];
        assert_eq!(kept(&mut rig, count, age), names(&rest), "count {count}, age {age}");
        let rest: &[&str] = if count == 2 { &["job1004", "new"] } else { &["new"] };
        assert_eq!(kept(&mut rig, count, age), names(rest), "count {count}, age {age}");
    }
}

#[test]
fn a_failed_job_that_is_not_kept_leaves_nothing() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1",
        "HSET jq:{q}:jobs a r",
        "HSET jq:{q}:attempts a 2",
        "SADD jq:{q}:listed a",
        "RPUSH jq:{q}:errors:a e",
        "RPUSH jq:{q}:logs:a l",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(
        KEYS,
        settle(1, 0, args![1, "failed", 0, -1, 1, "a", 0, 0, 10, 0]),
        r#"[1700000000000, 10001, 0, "", "", [], nil, nil, nil]"#,
    );
    rig.holds(expect![[r#"
        jq:{q}:events stream
          failed = a
        jq:{q}:meta hash
          failed = 1
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

/// No sparse column has a value then, which is why the others aren't looked at.
#[test]
fn the_outcome_of_a_job_that_is_trimmed_goes_in_a_plain_queue_too() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:completed 1 old",
        "HSET jq:{q}:jobs old r new r",
        "HSET jq:{q}:outcomes old o",
        "HSET jq:{q}:running:w1 new 1:1",
    ]);
    let completed = args![1, "completed", 1, -1, 1, "new", "o", 0, 0, 10, 0];
    rig.call(KEYS, settle(1, 0, completed)).expect("an answer");
    let kept = run(rig.connection(), "HKEYS jq:{q}:outcomes");
    assert_eq!(kept, names(&["new"]));
}

/// What is kept in each pool of `failed`, and which sets there are, after each of some jobs has
/// failed: its id, and how many of which pool are kept.
fn pools(rig: &mut Rig, ended: &[(&str, &str, i64, i64)]) -> (Value, Value) {
    for (id, pool, count, age) in ended {
        rig.given([format!("HSET jq:{{q}}:running:w1 {id} 1:1").as_str()]);
        let kind = format!("failed {pool}");
        let failed = args![1, kind.trim_end(), count, age, 1, id, "o", 0, 0, 10, 0];
        rig.call(KEYS, settle(1, 0, failed)).expect("an answer");
    }
    let kept = run(rig.connection(), "ZRANGE jq:{q}:failed 0 -1");
    (kept, run(rig.connection(), "SMEMBERS jq:{q}:pools"))
}

#[test]
fn one_pool_alone_needs_no_set() {
    for pool in ["", "report"] {
        let mut rig = rig();
        let all = [("a", pool, 2, -1), ("b", pool, 2, -1), ("c", pool, 2, -1)];
        assert_eq!(pools(&mut rig, &all), (names(&["b", "c"]), Value::Array(Vec::new())));
        // Another that comes when nothing is left has the state to itself.
        rig.given(["DEL jq:{q}:failed"]);
        assert_eq!(pools(&mut rig, &[("d", "other", 1, -1)]).1, Value::Array(Vec::new()));
    }
}

#[test]
fn a_pool_never_trims_another() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:failed 1699999997000 a 1699999998000 b 1699999999000 c"]);
    let more = [("d", "", -1, -1), ("e", "report", 1, -1), ("f", "report", 1, -1)];
    assert_eq!(pools(&mut rig, &more).0, names(&["a", "b", "c", "d", "f"]));
    // What ended before there were others counts for the first pool, by number and by age.
    assert_eq!(pools(&mut rig, &[("g", "", 4, -1)]).0, names(&["b", "c", "d", "f", "g"]));
    assert_eq!(pools(&mut rig, &[("h", "", -1, 1_500)]).0, names(&["c", "d", "f", "g", "h"]));
    assert_eq!(pools(&mut rig, &[("i", "", 2, -1)]).0, names(&["f", "h", "i"]));
    rig.at(1_700_000_010_000);
    assert_eq!(pools(&mut rig, &[("j", "report", -1, 9_000)]).0, names(&["h", "i", "j"]));
    assert_eq!(pools(&mut rig, &[("k", "", -1, 9_000)]).0, names(&["j", "k"]));
    rig.holds(expect![[r#"
        jq:{q}:failed zset
          1700000010000 j
          1700000010000 k
        jq:{q}:meta hash
          events = 0
          failed = 8
          failed_of = 1700000000000=
          layout = 2
        jq:{q}:outcomes hash
          j = o
          k = o
        jq:{q}:pool:failed: zset
          1700000010000 k
        jq:{q}:pool:failed:report zset
          1700000010000 j
        jq:{q}:pools set
          failed:
          failed:report
        jq:{q}:workers zset
          1700000020000 w1
    "#]]);
}

/// Completed and failed jobs have pools of their own.
#[test]
fn a_split_of_one_state_leaves_the_other() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:completed 1 a"]);
    pools(&mut rig, &[("b", "", 9, -1), ("c", "report", 9, -1)]);
    rig.given(["HSET jq:{q}:running:w1 d 1:1"]);
    let done = args![1, "completed", 1, -1, 1, "d", "o", 0, 0, 10, 0];
    rig.call(KEYS, settle(1, 0, done)).expect("an answer");
    assert_eq!(run(rig.connection(), "ZRANGE jq:{q}:completed 0 -1"), names(&["d"]));
}

/// A pool that has the state to itself no more is trimmed alone, even if the other comes in the same
/// call.
#[test]
fn pools_of_one_call_are_trimmed_apart() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:failed 1 old", "HSET jq:{q}:running:w1 a 1:1 b 1:1"]);
    let both =
        args![2, "failed", 1, -1, 1, "a", "o", "failed report", 1, -1, 1, "b", "o", 0, 0, 10, 0];
    rig.call(KEYS, settle(2, 0, both)).expect("an answer");
    assert_eq!(run(rig.connection(), "ZRANGE jq:{q}:failed 0 -1"), names(&["a", "b"]));
}
