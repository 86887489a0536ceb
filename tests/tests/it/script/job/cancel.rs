//! `lua/job/cancel.lua`

use expect_test::expect;
use jobqueue_tests::{
    raw::{Rig, Try, args, run},
    text,
};
use redis::Value;

const KEYS: &[&str] = &["waiting", "delayed", "completed", "failed", "workers", "meta", "events"];

/// How many are kept, for how long, the grace, and the outcome.
const MARK: &str = "5000 -1 -1 o u t";

fn rig() -> Rig {
    crate::script::rig("job/cancel")
}

#[test]
fn jobs_that_wait_end_at_once() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a ra b rb c rc",
        "ZADD jq:{q}:waiting 1 a 2 c",
        "ZADD jq:{q}:delayed 5 b",
        "ZADD jq:{q}:expiring 9 a",
        "HSET jq:{q}:uniques a ka",
        "SET jq:{q}:unique:ka a",
        "HSET jq:{q}:attempts b 2",
    ]);
    rig.replies(KEYS, args![Rig::BASE, MARK, "", "a", "b"], r#""ended ended""#);
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          b = 2
        jq:{q}:cancelled zset
          1700000000000 a
          1700000000000 b
        jq:{q}:events stream
          cancelled = a
          cancelled = b
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:meta hash
          cancelled = 2
        jq:{q}:outcomes hash
          a = o u t
          b = o u t
        jq:{q}:uniques hash
          a = ka
        jq:{q}:waiting zset
          2 c
    "#]]);
}

#[test]
fn jobs_that_run_are_marked_and_their_workers_told() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1 2 w2 3 by-hand",
        "HSET jq:{q}:running:w1 a 1:1 b 2:1",
        "HSET jq:{q}:running:w2 c 3:1",
        "HSET jq:{q}:running:by-hand d 4:1:r",
        "HSET jq:{q}:cancels b another",
    ]);
    let ids = args!["a", "b", "c", "d"];
    rig.replies(KEYS, args![Rig::BASE, MARK, "", ids], r#""=w1 =w1 =w2 =by-hand""#);
    rig.holds(expect![[r#"
        jq:{q}:cancel:w1 list, expires
          a b\n5000 -1 -1 o u t
        jq:{q}:cancel:w2 list, expires
          c\n5000 -1 -1 o u t
        jq:{q}:cancels hash
          a = 5000 -1 -1 o u t
          b = another
          c = 5000 -1 -1 o u t
          d = 5000 -1 -1 o u t
        jq:{q}:meta hash
          cancelling = 1
        jq:{q}:running:by-hand hash
          d = 4:1:r
        jq:{q}:running:w1 hash
          a = 1:1
          b = 2:1
        jq:{q}:running:w2 hash
          c = 3:1
        jq:{q}:workers zset
          1 w1
          2 w2
          3 by-hand
    "#]]);
}

#[test]
fn of_others_it_says_where_they_are() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:completed 1 a", "ZADD jq:{q}:failed 1 b", "ZADD jq:{q}:cancelled 1 c"]);
    let before = rig.dump();
    let ids = args!["a", "b", "c", "missing"];
    let answer = r#""completed failed cancelled -""#;
    rig.replies(KEYS, args![Rig::BASE, MARK, "", ids], answer);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn a_job_that_is_not_kept_leaves_nothing() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "HSET jq:{q}:jobs a r",
        "ZADD jq:{q}:waiting -9007199254740991 a",
        "HSET jq:{q}:lane_of a l",
        "ZADD jq:{q}:lanes 1 l",
        "ZADD jq:{q}:lane:l 1 a",
        "HSET jq:{q}:uniques a ka",
        "SET jq:{q}:unique:ka a",
        "HSET jq:{q}:progress a p",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "0 -1 -1 o", "", "a"], r#""ended""#);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          cancelled = 1
          events = 0
          layout = 2
    "#]]);
}

#[test]
fn a_job_in_a_lane_leaves_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "HSET jq:{q}:jobs a r",
        "ZADD jq:{q}:waiting -9007199254740991 a",
        "HSET jq:{q}:lane_of a l",
        "ZADD jq:{q}:lanes 1 l",
        "ZADD jq:{q}:lane:l 1 a",
    ]);
    rig.replies(KEYS, args![Rig::BASE, MARK, "", "a"], r#""ended""#);
    rig.holds(expect![[r#"
        jq:{q}:cancelled zset
          1700000000000 a
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          cancelled = 1
          events = 0
          layout = 2
        jq:{q}:outcomes hash
          a = o u t
    "#]]);
}

#[test]
fn as_many_are_kept_as_it_says_and_for_as_long() {
    for (mark, left) in [("2 -1 -1 o", 2), ("-1 1000 -1 o", 2), ("-1 -1 -1 o", 4)] {
        let mut rig = rig();
        rig.given([
            "HSET jq:{q}:jobs a r b r c r d r",
            "ZADD jq:{q}:cancelled 5 a 6 b 1699999999999 c",
            "ZADD jq:{q}:waiting 1 d",
        ]);
        rig.replies(KEYS, args![Rig::BASE, mark, "", "d"], r#""ended""#);
        let count = |rig: &mut Rig, command| run(rig.connection(), command);
        assert_eq!(count(&mut rig, "ZCARD jq:{q}:cancelled"), Value::Int(left), "{mark}");
        assert_eq!(count(&mut rig, "HLEN jq:{q}:jobs"), Value::Int(left), "{mark}");
    }
}

#[test]
fn the_caller_of_a_request_hears_of_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "HSET jq:{q}:jobs a@ ra",
        "ZADD jq:{q}:waiting 1 a@",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "0 -1 -1 o", "", "a@"], r#""ended""#);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          cancelled = 1
          events = 0
          layout = 2
        jq:{q}:outbox stream
          to = @, id = a@, priority = 0, record = ra, gone = cancelled, outcome = o
    "#]]);
}

#[test]
fn a_worker_has_a_hundred_messages_at_most() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w", "HSET jq:{q}:running:w a 1:1"]);
    for _ in 0..105 {
        rig.replies(KEYS, args![Rig::BASE, MARK, "", "a"], r#""=w""#);
    }
    assert_eq!(run(rig.connection(), "LLEN jq:{q}:cancel:w"), Value::Int(100));
}

#[test]
fn a_resend_hears_what_the_first_try_did_and_a_late_try_does_nothing() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:jobs a r", "ZADD jq:{q}:waiting 1 a"]);
    for resend in [false, true, false] {
        let attempt = Try { number: 1, resend };
        let answer =
            rig.send(KEYS, args![Rig::BASE, MARK, "", "a", "b"], attempt).expect("an answer");
        assert_eq!(text::reply(&answer), r#""ended -""#);
        // It runs again by then.
        rig.given(["ZREM jq:{q}:cancelled a", "ZADD jq:{q}:waiting 1 a"]);
    }
    assert_eq!(run(rig.connection(), "ZCARD jq:{q}:waiting"), Value::Int(1));
}

#[test]
fn the_successor_of_a_cancelled_job_may_run_unless_it_is_cancelled_too() {
    for (ids, due) in [(&["a"][..], true), (&["b", "a"], false), (&["a", "b"], false)] {
        let mut rig = rig();
        rig.given([
            "HSET jq:{q}:jobs a r b r",
            "ZADD jq:{q}:delayed 5 a 281474976710657 b",
            "HSET jq:{q}:uniques a k b k",
        ]);
        let mut set = redis::cmd("SET");
        set.arg("jq:{q}:unique:k").arg("a - 7 b").query::<()>(rig.connection()).expect("set");
        rig.call(KEYS, args![Rig::BASE, MARK, "", ids]).expect("an answer");
        let score = run(rig.connection(), "ZSCORE jq:{q}:delayed b");
        assert_eq!(score != Value::Nil, due, "{ids:?}");
        let holder = run(rig.connection(), "EXISTS jq:{q}:unique:k");
        assert_eq!(holder, Value::Int(i64::from(due)), "{ids:?}: nobody holds it for ever");
    }
}

#[test]
fn what_is_in_another_state_than_is_meant_stays_as_it_is() {
    for (meant, words) in [
        ("waiting", "ended delayed active failed -"),
        ("delayed active", "waiting ended =w failed -"),
        ("failed", "waiting delayed active failed -"),
    ] {
        let mut rig = rig();
        rig.given([
            "HSET jq:{q}:jobs waits r later r runs r failed r",
            "ZADD jq:{q}:waiting 1 waits",
            "ZADD jq:{q}:delayed 9 later",
            "ZADD jq:{q}:failed 9 failed",
            "ZADD jq:{q}:workers 9 w",
            "HSET jq:{q}:running:w runs 1:1",
        ]);
        let ids = args!["waits", "later", "runs", "failed", "none"];
        rig.replies(KEYS, args![Rig::BASE, MARK, meant, ids], &format!("{words:?}"));
        let count = |rig: &mut Rig, command: &str| -> i64 {
            let answer = jobqueue_tests::raw::run(rig.connection(), command);
            redis::from_redis_value(answer).expect("a number")
        };
        let ended = words.matches("ended").count() as i64;
        assert_eq!(count(&mut rig, "ZCARD jq:{q}:cancelled"), ended, "{meant}");
        let told = words.matches("=w").count() as i64;
        assert_eq!(count(&mut rig, "HLEN jq:{q}:cancels"), told, "{meant}");
        assert_eq!(count(&mut rig, "LLEN jq:{q}:cancel:w"), told, "{meant}");
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "ZADD jq:{q}:waiting 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, MARK, "", "a"], "LAYOUT 9 2");
}
