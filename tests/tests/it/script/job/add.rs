//! `lua/job/add.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] =
    &["jobs", "waiting", "delayed", "priority", "uniques", "meta", "events", "wake"];

fn rig() -> Rig {
    crate::script::rig("job/add")
}

#[test]
fn adds_a_plain_batch() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0", 2, "a", "ra", "b", "rb", 0], "[]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          added = 2
          layout = 2
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn events_tell_in_the_callers_words_of_batches_that_are_added_whole() {
    let mut rig = rig();
    rig.given(["HDEL jq:{q}:meta events"]);
    rig.replies(KEYS, args!["0", 2, "aa", "r", "ab", "r", 0, "aa\tb"], "[]");
    rig.replies(KEYS, args!["1", 2, "ab", "r", "ac", "r", 0, "ab\tc"], "[1, \"ab\"]");
    let special = args!["0", 1, "ad", "r", 1, 1, 3, "", 0, 0, "", "in other words"];
    rig.replies(KEYS, special, "[]");
    let told: Vec<(String, Vec<(String, String)>)> = redis::cmd("XRANGE")
        .arg(&["jq:{q}:events", "-", "+"])
        .query(rig.connection())
        .expect("there are events");
    let told: Vec<&str> = told.iter().map(|(_, fields)| fields[0].1.as_str()).collect();
    assert_eq!(told, ["aa\tb", "ac", "in other words"]);
}

#[test]
fn places_by_priority_and_time() {
    let mut rig = rig();
    let pairs = args!["0", 5, "first", "r", "last", "r", "soon", "r", "at", "r", "past", "r", 5];
    // index, priority, due, unique key, its lifetime, its text
    let specials = [
        args![1, -1024, "", 0, 0, ""],
        args![2, 1023, "", 0, 0, ""],
        args![3, 7, "+1000", 0, 0, ""],
        args![4, 0, "1700000005000", 0, 0, ""],
        args![5, 0, "1600000000000", 0, 0, ""],
    ];
    rig.replies(KEYS, [pairs, specials.concat()].concat(), "[]");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000001000 soon
          1700000005000 at
        jq:{q}:events stream
          added = first last soon at past
        jq:{q}:jobs hash
          at = r
          first = r
          last = r
          past = r
          soon = r
        jq:{q}:meta hash
          added = 5
          layout = 2
        jq:{q}:priority hash
          first = -1024
          last = 1023
          soon = 7
        jq:{q}:waiting zset
          1700000000000 first
          4505299627370496 past
          9004501208229888 last
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_resend_finds_what_is_there() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0", 1, "a", "ra", 0], "[]");
    rig.replies(KEYS, args!["1", 3, "a", "ra", "b", "rb", "b", "rb", 0], "[1, \"a\", 3, \"b\"]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a
          added = b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          added = 2
          layout = 2
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_resend_that_finds_all_changes_nothing() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0", 1, "a", "ra", 0], "[]");
    let before = rig.dump();
    rig.replies(KEYS, args!["1", 1, "a", "ra", 0], "[1, \"a\"]");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn a_unique_key_stands_for_one_job() {
    let mut rig = rig();
    let mut keys = KEYS.to_vec();
    keys.extend(["unique:k", "unique:k", "unique:t"]);
    let batch = args![
        "0", 3, "a", "r", "b", "r", "c", "r", 3, 1, 0, "", 9, 0, "k", 2, 0, "", 10, 0, "k", 3, 0,
        "", 11, 60000, "t",
    ];
    rig.replies(&keys, batch, "[2, \"a\"]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a c
        jq:{q}:jobs hash
          a = r
          c = r
        jq:{q}:meta hash
          added = 2
          layout = 2
        jq:{q}:unique:k string
          a
        jq:{q}:unique:t string, expires
          c
        jq:{q}:uniques hash
          a = k
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 c
        jq:{q}:wake list
          1
    "#]]);
    keys.truncate(9);
    rig.replies(&keys, args!["0", 1, "d", "r", 1, 1, 0, "", 9, 0, "k"], "[1, \"a\"]");
}

#[test]
fn aging_sets_how_many_ms_a_step_of_priority_is_worth() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 aging 1000"]);
    rig.replies(KEYS, args!["0", 1, "a", "r", 1, 1, -2, "", 0, 0, ""], "[]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          added = 1
          aging = 1000
          layout = 2
        jq:{q}:priority hash
          a = -2
        jq:{q}:waiting zset
          1700001022000 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_paused_queue_wakes_nobody() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 paused 1 events 0"]);
    rig.replies(KEYS, args!["0", 1, "a", "r", 0], "[]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
          paused = 1
        jq:{q}:waiting zset
          4505299627370496 a
    "#]]);
}

#[test]
fn one_token_is_enough() {
    let mut rig = rig();
    rig.given(["RPUSH jq:{q}:wake 1", "HSET jq:{q}:meta layout 2 events 0"]);
    rig.replies(KEYS, args!["0", 1, "a", "r", 0], "[]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
        jq:{q}:waiting zset
          4505299627370496 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_delayed_job_wakes_only_if_it_is_due_first() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000001000 z", "HSET jq:{q}:meta layout 2 events 0"]);
    rig.replies(KEYS, args!["0", 1, "later", "r", 1, 1, 0, "+2000", 0, 0, ""], "[]");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000001000 z
          1700000002000 later
        jq:{q}:jobs hash
          later = r
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
    "#]]);
    rig.replies(KEYS, args!["0", 1, "sooner", "r", 1, 1, 0, "+500", 0, 0, ""], "[]");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000500 sooner
          1700000001000 z
          1700000002000 later
        jq:{q}:jobs hash
          later = r
          sooner = r
        jq:{q}:meta hash
          added = 2
          events = 0
          layout = 2
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn refuses_jobs_that_do_not_fit() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:delayed 1 b",
        "HSET jq:{q}:meta layout 2 max_length 3",
    ]);
    rig.refuses(KEYS, args!["0", 2, "c", "r", "d", "r", 0], "QUEUEFULL 3 2");
    rig.given(["HSET jq:{q}:jobs c r"]);
    rig.replies(KEYS, args!["1", 2, "c", "r", "d", "r", 0], "[1, \"c\"]");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["0", 1, "a", "r", 0], "LAYOUT 9 2");
}

#[test]
fn says_until_when_jobs_may_wait() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    // The time counts from the due time; `b` has none, and the queue has no default.
    let batch = args!["0", 3, "a", "r", "b", "r", "c", "r", 1, 3, 0, "+500", 0, 0, "", "a b c"];
    rig.replies(KEYS, [batch, args![1, 30_000, 3, 1_000]].concat(), "[]");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000500 c
        jq:{q}:expiring zset
          1700000001500 c
          1700000030000 a
        jq:{q}:jobs hash
          a = r
          b = r
          c = r
        jq:{q}:meta hash
          added = 3
          events = 0
          expiring = 1
          layout = 2
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn the_queues_own_time_to_live_is_for_jobs_that_say_none() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0 ttl 5000"]);
    rig.replies(KEYS, args!["1", 2, "a", "r", "b", "r", 0, "a b", 2, 100], "[]");
    // A job that is there already keeps its time.
    rig.replies(KEYS, args!["1", 1, "b", "r", 0], "[1, \"b\"]");
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          1700000000100 b
          1700000005000 a
        jq:{q}:jobs hash
          a = r
          b = r
        jq:{q}:meta hash
          added = 2
          events = 0
          expiring = 1
          layout = 2
          ttl = 5000
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn an_events_key_of_another_type_is_found_before_anything_is_written() {
    for specials in [args![0], args![1, 1, -1, "", 0, 0, ""]] {
        let mut rig = rig();
        rig.given(["HSET jq:{q}:meta layout 2", "SET jq:{q}:events none"]);
        let before = rig.dump();
        let answer = rig.call(KEYS, [args!["0", 1, "a", "r"], specials].concat());
        assert!(answer.is_err_and(|error| error.starts_with("WRONGTYPE")));
        rig.dump().assert_unchanged_since(&before);
    }
}

#[test]
fn a_queue_that_overflows_says_how_and_takes_none() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a 2 b",
        "HSET jq:{q}:meta layout 2 max_length 3 overflow dead_letter dead_letter dlq",
    ]);
    let before = rig.dump();
    rig.replies(KEYS, args!["0", 2, "c", "r", "d", "r", 0], "[0, \"dead_letter 1 3 dlq\"]");
    rig.given(["HSET jq:{q}:meta max_length 1"]);
    rig.replies(KEYS, args!["0", 1, "c", "r", 0], "[0, \"dead_letter 0 1 dlq\"]");
    rig.given(["HSET jq:{q}:meta max_length 3"]);
    rig.dump().assert_unchanged_since(&before);
    rig.given(["HDEL jq:{q}:meta dead_letter"]);
    rig.replies(KEYS, args!["0", 2, "c", "r", "d", "r", 0], "[0, \"dead_letter 1 3 \"]");
}
