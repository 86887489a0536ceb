//! `lua/job/add.lua`

mod dedup;
mod groups;
mod keys;

use std::cell::Cell;

use expect_test::expect;
use jobqueue_tests::{
    raw::{Rig, args, run},
    text,
};

const KEYS: &[&str] =
    &["jobs", "waiting", "delayed", "priority", "uniques", "meta", "events", "wake", "producer:p"];

/// The number of a call, how long it is remembered, and whether it is a resend.
type Try = (u64, u64, u64);

/// The next call of the test's producer: its number, how long it is remembered, and that it is sent
/// for the first time.
fn new() -> Try {
    thread_local!(static CALLS: Cell<u64> = const { Cell::new(0) });
    CALLS.set(CALLS.get() + 1);
    (CALLS.get(), 60_000, 0)
}

/// A call of this number that is sent again.
fn again(number: u64) -> Try {
    (number, 60_000, 1)
}

fn rig() -> Rig {
    crate::script::rig("job/add")
}

#[test]
fn adds_a_plain_batch() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0", new(), 2, "a", "ra", "b", "rb", 0], "[]");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          added = 2
          layout = 2
        jq:{q}:producer:p string, expires
          1
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
    rig.replies(KEYS, args!["0", new(), 2, "aa", "r", "ab", "r", 0, "aa\tb"], "[]");
    rig.replies(KEYS, args!["1", new(), 2, "ab", "r", "ac", "r", 0, "ab\tc"], "[1, \"ab\"]");
    let special = args!["0", new(), 1, "ad", "r", 1, 1, 3, "", 0, 0, "", "in other words"];
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
    let pairs =
        args!["0", new(), 5, "first", "r", "last", "r", "soon", "r", "at", "r", "past", "r", 5];
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
        jq:{q}:producer:p string, expires
          1
        jq:{q}:waiting zset
          1700000000000 first
          4505299627370496 past
          9004501208229888 last
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn jobs_that_are_looked_for_are_found() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0", new(), 1, "a", "ra", 0], "[]");
    rig.replies(
        KEYS,
        args!["1", new(), 3, "a", "ra", "b", "rb", "b", "rb", 0],
        "[1, \"a\", 3, \"b\"]",
    );
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
          newest = 1700000000001 b
        jq:{q}:producer:p string, expires
          2 1 a 3 b
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370497 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn jobs_that_are_all_there_change_nothing_but_the_number_of_the_call() {
    let mut rig = rig();
    rig.replies(KEYS, args!["0", new(), 1, "a", "ra", 0], "[]");
    rig.given(["DEL jq:{q}:producer:p"]);
    let before = rig.dump();
    rig.replies(KEYS, args!["1", new(), 1, "a", "ra", 0], "[1, \"a\"]");
    rig.given(["DEL jq:{q}:producer:p"]);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn a_unique_key_stands_for_one_job() {
    let mut rig = rig();
    let mut keys = KEYS.to_vec();
    keys.extend(["unique:k", "unique:k", "unique:t"]);
    let batch = args![
        "0",
        new(),
        3,
        "a",
        "r",
        "b",
        "r",
        "c",
        "r",
        3,
        [args![1, 0, "", 10, 0, "k"], args![2, 0, "", 11, 0, "k"], args![3, 0, "", 12, 60000, "t"]]
            .concat(),
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
        jq:{q}:producer:p string, expires
          1 2 a
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
    keys.truncate(10);
    rig.replies(&keys, args!["0", new(), 1, "d", "r", 1, 1, 0, "", 10, 0, "k"], "[1, \"a\"]");
}

#[test]
fn aging_sets_how_many_ms_a_step_of_priority_is_worth() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 aging 1000"]);
    rig.replies(KEYS, args!["0", new(), 1, "a", "r", 1, 1, -2, "", 0, 0, ""], "[]");
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
        jq:{q}:producer:p string, expires
          1
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
    rig.replies(KEYS, args!["0", new(), 1, "a", "r", 0], "[]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
          paused = 1
        jq:{q}:producer:p string, expires
          1
        jq:{q}:waiting zset
          4505299627370496 a
    "#]]);
}

#[test]
fn one_token_is_enough() {
    let mut rig = rig();
    rig.given(["RPUSH jq:{q}:wake 1", "HSET jq:{q}:meta layout 2 events 0"]);
    rig.replies(KEYS, args!["0", new(), 1, "a", "r", 0], "[]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
        jq:{q}:meta hash
          added = 1
          events = 0
          layout = 2
        jq:{q}:producer:p string, expires
          1
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
    rig.replies(KEYS, args!["0", new(), 1, "later", "r", 1, 1, 0, "+2000", 0, 0, ""], "[]");
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
        jq:{q}:producer:p string, expires
          1
    "#]]);
    rig.replies(KEYS, args!["0", new(), 1, "sooner", "r", 1, 1, 0, "+500", 0, 0, ""], "[]");
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
        jq:{q}:producer:p string, expires
          2
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
    rig.refuses(KEYS, args!["0", new(), 2, "c", "r", "d", "r", 0], "QUEUEFULL 3 2");
    rig.given(["HSET jq:{q}:jobs c r"]);
    rig.replies(KEYS, args!["1", new(), 2, "c", "r", "d", "r", 0], "[1, \"c\"]");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["0", new(), 1, "a", "r", 0], "LAYOUT 9 2");
}

#[test]
fn says_until_when_jobs_may_wait() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    // The time counts from the due time; `b` has none, and the queue has no default.
    let batch =
        args!["0", new(), 3, "a", "r", "b", "r", "c", "r", 1, 3, 0, "+500", 0, 0, "", "a b c"];
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
        jq:{q}:producer:p string, expires
          1
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
    rig.replies(KEYS, args!["1", new(), 2, "a", "r", "b", "r", 0, "a b", 2, 100], "[]");
    // A job that is there already keeps its time.
    rig.replies(KEYS, args!["1", new(), 1, "b", "r", 0], "[1, \"b\"]");
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
          newest = 1700000000001 b
          ttl = 5000
        jq:{q}:producer:p string, expires
          2 1 b
        jq:{q}:waiting zset
          4505299627370497 a
          4505299627370497 b
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
        let answer = rig.call(KEYS, [args!["0", new(), 1, "a", "r"], specials].concat());
        let error = answer.expect_err("it can't be written");
        assert!(error.starts_with("WRONGTYPE"), "{error}");
        rig.dump().assert_unchanged_since(&before);
    }
}

/// The calls before it were carried out all the same, and their resends must hear of that.
#[test]
fn a_call_that_cannot_be_written_leaves_the_note_of_the_one_before() {
    let mut rig = rig();
    let call = |attempt: Try, id: &str| args!["0", attempt, 1, id, "r", 0];
    rig.replies(KEYS, call(again(1), "a"), "[]");
    rig.given(["DEL jq:{q}:events", "SET jq:{q}:events none"]);
    let before = rig.dump();
    let first: Try = (2, 60_000, 0);
    let error = rig.call(KEYS, call(first, "b")).expect_err("it can't be written");
    assert!(error.starts_with("WRONGTYPE"), "{error}");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, call(again(1), "a"), "[]");
    // What its resend is refused holds for it, too.
    let again_error = rig.call(KEYS, call(again(2), "b")).expect_err("it can't be written");
    rig.given(["DEL jq:{q}:events"]);
    rig.refuses(KEYS, call(first, "b"), &again_error);
    rig.replies(KEYS, call(again(1), "a"), "[]");
}

#[test]
fn a_queue_that_overflows_says_how_and_takes_none() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a 2 b",
        "HSET jq:{q}:meta layout 2 max_length 3 overflow dead_letter dead_letter dlq",
    ]);
    let before = rig.dump();
    rig.replies(KEYS, args!["0", new(), 2, "c", "r", "d", "r", 0], "[0, \"dead_letter 1 3 dlq\"]");
    rig.given(["HSET jq:{q}:meta max_length 1"]);
    rig.replies(KEYS, args!["0", new(), 1, "c", "r", 0], "[0, \"dead_letter 0 1 dlq\"]");
    rig.given(["HSET jq:{q}:meta max_length 3"]);
    rig.dump().assert_unchanged_since(&before);
    rig.given(["HDEL jq:{q}:meta dead_letter"]);
    rig.replies(KEYS, args!["0", new(), 2, "c", "r", "d", "r", 0], "[0, \"dead_letter 1 3 \"]");
}

/// Both ways in which a call arrives twice: its resend after it, and it after its resend.
#[test]
fn a_call_is_carried_out_once_however_its_tries_arrive() {
    for [first, second] in
        [[(1, 60_000, 0), again(1)], [again(1), (1, 60_000, 0)], [again(1), again(1)]]
    {
        let mut rig = rig();
        let call = |attempt: Try| args!["0", attempt, 2, "a", "ra", "b", "rb", 0];
        rig.replies(KEYS, call(first), "[]");
        // The jobs have run, and nothing of them was kept.
        rig.given([
            "DEL jq:{q}:jobs",
            "DEL jq:{q}:waiting",
            "DEL jq:{q}:wake",
            "XTRIM jq:{q}:events MAXLEN 0",
        ]);
        let before = rig.dump();
        rig.replies(KEYS, call(second), "[]");
        rig.dump().assert_unchanged_since(&before);
        // The next call of the producer is another one. Then the last one means nothing.
        rig.replies(KEYS, args!["0", again(2), 1, "c", "rc", 0], "[]");
        let before = rig.dump();
        rig.replies(KEYS, call(second), "[]");
        rig.dump().assert_unchanged_since(&before);
        let jobs: Vec<String> =
            redis::cmd("HKEYS").arg("jq:{q}:jobs").query(rig.connection()).expect("read");
        assert_eq!(jobs, ["c"]);
    }
}

#[test]
fn a_resend_is_answered_as_the_first_try_was() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:jobs 1 r 7 r", "HSET jq:{q}:meta layout 2"]);
    let call = |attempt: Try| args!["1", attempt, 3, "1", "r", "new", "r", "7", "r", 0];
    rig.replies(KEYS, call((1, 60_000, 0)), "[1, \"1\", 3, \"7\"]");
    // What was there is gone, and what was not there is.
    rig.given(["HDEL jq:{q}:jobs 1 7"]);
    let before = rig.dump();
    rig.replies(KEYS, call(again(1)), "[1, \"1\", 3, \"7\"]");
    rig.replies(KEYS, call((1, 60_000, 0)), "[1, \"1\", 3, \"7\"]");
    rig.dump().assert_unchanged_since(&before);
}

/// Nothing was added, and the caller knows: the first try must find no room later.
#[test]
fn a_try_that_comes_after_its_resend_was_refused_adds_nothing() {
    for (overflow, answer) in
        [("events 9", "refuse 0 1 "), ("overflow dead_letter", "dead_letter 0 1 ")]
    {
        let mut rig = rig();
        let meta = format!("HSET jq:{{q}}:meta layout 2 max_length 1 {overflow}");
        rig.given(["ZADD jq:{q}:waiting 1 a", &meta]);
        let call = |attempt: Try| args!["0", attempt, 1, "b", "rb", 0];
        rig.replies(KEYS, call(again(1)), &format!("[0, \"{answer}\"]"));
        rig.given(["DEL jq:{q}:waiting"]);
        let before = rig.dump();
        rig.replies(KEYS, call((1, 60_000, 0)), &format!("[0, \"{answer}\"]"));
        rig.replies(KEYS, call(again(1)), &format!("[0, \"{answer}\"]"));
        rig.dump().assert_unchanged_since(&before);
    }
}

#[test]
fn a_call_that_filled_the_queue_is_no_less_carried_out() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 max_length 1"]);
    let call = |attempt: Try| args!["0", attempt, 1, "a", "ra", 0];
    rig.replies(KEYS, call((1, 60_000, 0)), "[]");
    let before = rig.dump();
    rig.replies(KEYS, call(again(1)), "[]");
    rig.replies(KEYS, call((1, 60_000, 0)), "[]");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn notes_the_largest_record_unless_all_are_small() {
    let mut rig = rig();
    let mut noted = |sizes: [usize; 2]| {
        let [a, b] = sizes.map(|size| "x".repeat(size));
        let call = args!["0", new(), 2, format!("a{}", a.len()), a, format!("b{}", b.len()), b, 0];
        rig.replies(KEYS, call, "[]");
        text::reply(&run(rig.connection(), "HGET jq:{q}:meta largest"))
    };
    assert_eq!(noted([1, 1_024]), "nil");
    assert_eq!(noted([2_000, 3]), r#""2000""#);
    assert_eq!(noted([1_500, 1_999]), r#""2000""#);
    assert_eq!(noted([4, 2_001]), r#""2001""#);
}

#[test]
fn a_resend_that_a_full_redis_refuses_is_refused_for_good() {
    let mut rig = rig();
    let call = |number, resend| args!["0", number, 60_000, resend, 1, "a", "r", 0];
    rig.replies(KEYS, call(1, "0"), "[]");
    rig.given(["CONFIG SET maxmemory 1"]);
    let first = rig.call(KEYS, call(2, "0")).expect_err("Redis is full");
    assert!(first.starts_with("OOM"), "{first}");
    // What was noted before stays.
    rig.replies(KEYS, call(1, "1"), "[]");
    let refused = rig.call(KEYS, call(2, "1")).expect_err("Redis is full");
    rig.given(["CONFIG SET maxmemory 0"]);
    for late in ["0", "1"] {
        rig.refuses(KEYS, call(2, late), &refused);
    }
    let before = rig.dump();
    rig.replies(KEYS, call(1, "1"), "[]");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn jobs_with_tags_stand_in_the_sets_of_these() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0"]);
    let jobs = args!["0", new(), 2, "a", "ra", "b", "rb", 0, "a b", 1, "#x\ny:1", 1, 500];
    rig.replies(KEYS, jobs, "[]");
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          1700000000500 a
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          added = 2
          events = 0
          expiring = 1
          layout = 2
          tagged = 1
        jq:{q}:producer:p string, expires
          1
        jq:{q}:tag:x zset
          0 a
        jq:{q}:tag:y:1 zset
          0 a
        jq:{q}:tags hash
          a = x\ny:1
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}
