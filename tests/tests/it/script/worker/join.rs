//! `lua/worker/join.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

const KEYS: &[&str] =
    &["workers", "running:w1", "running:w0", "waiting", "expiring", "meta", "events", "wake"];

fn rig() -> Rig {
    crate::script::rig("worker/join")
}

#[test]
fn a_first_join_marks_the_layout_and_the_limits_of_the_code() {
    let mut rig = rig();
    rig.replies(KEYS, args!["w1", "", 10000, "10 5", "3"], "[]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          active = 3
          layout = 2
          rate = 10 5
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn takes_over_the_known_jobs_of_an_old_name_and_gives_back_the_others() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w0",
        "HSET jq:{q}:running:w0 a 1:1 b 2:2 c 3:3",
        "ZADD jq:{q}:waiting 4 d",
        "HSET jq:{q}:attempts c 2",
    ]);
    rig.replies(KEYS, args!["w1", "w0", 10000, "", "", "a", "gone"], r#"["a"]"#);
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          c = 2
        jq:{q}:events stream
          released = b c
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:waiting zset
          2 b
          3 c
          4 d
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_late_first_try_gives_back_nothing() {
    let mut rig = rig();
    // Its resend was answered, and the worker has fetched a job under this name.
    rig.given(["ZADD jq:{q}:workers 1 w1", "HSET jq:{q}:running:w1 a 1:1 b 2:2"]);
    rig.replies(KEYS, args!["w1", "w0", 10000, "", "", "a"], r#"["a"]"#);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:w1 hash
          a = 1:1
          b = 2:2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn an_operators_limit_wins_over_the_codes() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 rate 7 rate_by operator active 9"]);
    rig.replies(KEYS, args!["w1", "", 10000, "10 5", ""], "[]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
          rate = 7
          rate_by = operator
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["w1", "", 10000, "", ""], "LAYOUT 9 2");
}

#[test]
fn refuses_limits_that_no_later_call_could_read() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w0 a 1:1", "ZADD jq:{q}:workers 1 w0"]);
    for (rate, active, refusal) in [
        ("0 1", "", "INVALID rate 0 1"),
        ("inf 1", "3", "INVALID rate inf 1"),
        ("10 5", "18446744073709551615", "INVALID active 18446744073709551615"),
    ] {
        rig.refuses(KEYS, args!["w1", "w0", 10000, rate, active], refusal);
    }
}

#[test]
fn sent_twice_it_writes_the_same_and_nothing_more() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w0",
        "HSET jq:{q}:running:w0 a 1:1 b 2:2",
        "HSET jq:{q}:jobs a ra b rb",
    ]);
    let join = args!["w1", "w0", 10000, "10 5", "3", "a"];
    rig.call(KEYS, join.clone()).expect("an answer");
    let before = rig.dump();
    rig.replies(KEYS, join, r#"["a"]"#);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn an_old_name_that_held_nothing_goes_all_the_same() {
    let mut rig = rig();
    // Another worker keeps its jobs.
    rig.given(["ZADD jq:{q}:workers 1 w0 2 other", "HSET jq:{q}:running:other x 1:1"]);
    rig.replies(KEYS, args!["w1", "w0", 10000, "", "", "a"], "[]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:other hash
          x = 1:1
        jq:{q}:workers zset
          2 other
          1700000010000 w1
    "#]]);
}

/// The queue after a worker with this limit in its code has joined and found these fields.
fn joined(found: &str, limit: &str) -> Rig {
    let mut rig = rig();
    run(rig.connection(), &format!("HSET jq:{{q}}:meta layout 2 {found}"));
    rig.call(KEYS, args!["w1", "", 10000, "", limit]).expect("an answer");
    rig
}

#[test]
fn the_limit_of_the_code_replaces_an_older_one_of_the_code() {
    joined("active 9", "3").holds(expect![[r#"
        jq:{q}:meta hash
          active = 3
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
    joined("active 9", "").holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn the_limit_of_the_code_leaves_that_of_an_operator() {
    joined("active 9 active_by operator", "3").holds(expect![[r#"
        jq:{q}:meta hash
          active = 9
          active_by = operator
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
    joined("active 9 active_by operator", "").holds(expect![[r#"
        jq:{q}:meta hash
          active = 9
          active_by = operator
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

/// The queue's rate fields after a second join with this rate, while an hour's wait for the first
/// rate still runs.
fn rate_after(rate: &str) -> Value {
    let mut rig = rig();
    rig.call(KEYS, args!["w0", "", 10000, "3600000 1", ""]).expect("an answer");
    rig.given(["HSET jq:{q}:meta tat 1700003600000.000 turn 1700003600000.000"]);
    rig.call(KEYS, args!["w1", "", 10000, rate, ""]).expect("an answer");
    run(rig.connection(), "HMGET jq:{q}:meta rate tat turn")
}

#[test]
fn the_same_rate_goes_on_where_it_is() {
    let time = || Value::BulkString(b"1700003600000.000".to_vec());
    let rate = Value::BulkString(b"3600000 1".to_vec());
    assert_eq!(rate_after("3600000 1"), Value::Array(vec![rate, time(), time()]));
}

#[test]
fn another_rate_begins_anew() {
    // As when an operator sets one: no worker waits out an interval that no longer applies.
    let rate = Value::BulkString(b"100 1".to_vec());
    assert_eq!(rate_after("100 1"), Value::Array(vec![rate, Value::Nil, Value::Nil]));
}

/// Leaves no memory for anything new.
fn fill(rig: &mut Rig) {
    rig.given(["CONFIG SET maxmemory 1"]);
    let set = redis::cmd("SET").arg("other").arg("1").query::<()>(rig.connection());
    assert!(set.is_err(), "the server takes more");
}

#[test]
fn a_full_server_still_lets_a_worker_join_under_a_new_name() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w0", "HSET jq:{q}:running:w0 a 1:1"]);
    fill(&mut rig);
    let join = args!["w1", "w0", 10000, "10 5", "3", "a"];
    rig.replies(KEYS, join, r#"["a"]"#);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          active = 3
          layout = 2
          rate = 10 5
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_full_server_still_lets_a_first_worker_join() {
    // The join can't free memory by removing an old name.
    let mut rig = rig();
    fill(&mut rig);
    let join = args!["w1", "", 10000, "10 5", "3", "a"];
    rig.replies(KEYS, join, "[]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          active = 3
          layout = 2
          rate = 10 5
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_refusal_leaves_the_old_name_its_jobs() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 9",
        "ZADD jq:{q}:workers 1 w0",
        "HSET jq:{q}:running:w0 a 1:1",
    ]);
    rig.refuses(KEYS, args!["w1", "w0", 10000, "10 5", "3", "a"], "LAYOUT 9 2");
}

#[test]
fn unknown_jobs_that_were_handed_out_as_expired_are_so_for_the_next() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w0",
        "HSET jq:{q}:running:w0 a 1:1 b 2:2 c 3:3",
        "ZADD jq:{q}:expiring -1 b -1 c",
    ]);
    rig.replies(KEYS, args!["w1", "w0", 10000, "", "", "c"], r#"["c"]"#);
    rig.holds(expect![[r#"
        jq:{q}:events stream
          released = a b
        jq:{q}:expiring zset
          -1 c
          0 b
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:w1 hash
          c = 3:3
        jq:{q}:waiting zset
          1 a
          2 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_join_without_limits_leaves_them() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 rate 1 active 3"]);
    rig.replies(KEYS, args!["w1", "", 10000, "-", "-"], "[]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          active = 3
          layout = 2
          rate = 1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn limits_that_the_code_changes_wake_a_worker_if_jobs_wait_or_are_due_soon() {
    let (waits, soon) = ("ZADD jq:{q}:waiting 1 a", "ZADD jq:{q}:delayed 1700000004000 a");
    let later = "ZADD jq:{q}:delayed 1700000006000 a";
    for (rate, active, given, wakes) in [
        ("10 5", "", waits, 1),
        ("", "3", waits, 1),
        ("", "", waits, 0),
        // Nobody has the turn any more, who would have looked.
        ("10 5", "", soon, 1),
        ("10 5", "3", later, 0),
    ] {
        let mut rig = rig();
        rig.given([given]);
        rig.call(KEYS, args!["w1", "", 10000, rate, active]).expect("an answer");
        let token = run(rig.connection(), "EXISTS jq:{q}:wake");
        assert_eq!(token, redis::Value::Int(wakes), "{rate} {active} {given}");
    }
}

#[test]
fn after_the_clock_was_set_back_all_leases_end_as_soon_as_before() {
    // By the name that it had; by what ended last; by a lease longer than any.
    for (given, old) in [
        ("ZADD jq:{q}:workers 1700003610000 old", "old"),
        ("ZADD jq:{q}:completed 1700003600000 a", ""),
        ("ZADD jq:{q}:failed 1700003600000 a", ""),
        ("ZADD jq:{q}:cancelled 1700003600000 a", ""),
        ("ZADD jq:{q}:workers 1700046800000 other", ""),
    ] {
        let mut rig = rig();
        rig.given([given, "ZADD jq:{q}:workers 1700003604000 dead"]);
        rig.replies(KEYS, args!["w1", old, 10_000, "", ""], "[]");
        let ends: String = redis::cmd("ZSCORE")
            .arg(&["jq:{q}:workers", "dead"])
            .query(rig.connection())
            .expect("a lease");
        assert_eq!(ends, "1700000004000", "{given}");
    }
}

#[test]
fn that_the_clock_was_set_back_is_noticed_once() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:completed 1700003600000 a"]);
    rig.replies(KEYS, args!["w1", "", 10_000, "", ""], "[]");
    rig.replies(KEYS, args!["w2", "", 10_000, "", ""], "[]");
    let ends: String = redis::cmd("ZSCORE")
        .arg(&["jq:{q}:workers", "w1"])
        .query(rig.connection())
        .expect("a lease");
    assert_eq!(ends, "1700000010000");
}
