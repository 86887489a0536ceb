//! `lua/queue/limits.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

const KEYS: &[&str] = &["meta", "waiting", "wake", "priority", "workers"];

fn rig() -> Rig {
    crate::script::rig("queue/limits")
}

#[test]
fn sets_and_marks_whose_limit_it_is() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "rate", "10 5", "max_length", 7], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
          max_length = 7
          max_length_by = operator
          rate = 10 5
          rate_by = operator
    "#]]);
}

#[test]
fn a_new_rate_begins_anew_and_none_is_an_operators_decision() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 rate 1 rate_by operator tat 5 turn 6 active 3",
        "ZADD jq:{q}:waiting 1 a",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "rate", "", "active", ""], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          active_by = operator
          layout = 2
          rate_by = operator
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn what_is_given_back_to_the_code_leaves_nothing() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 rate 1 rate_by operator tat 5 active_by operator"]);
    rig.replies(KEYS, args![Rig::BASE, "rate", "-", "active", "-"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
    "#]]);
}

#[test]
fn refuses_what_no_later_call_could_read() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 10", "ZADD jq:{q}:waiting 1 a"]);
    for bad in ["18446744073709551615", "9223372036854775808", "-1", "1.5", "ten", "1e3", " 1"] {
        for field in ["active", "max_length", "events", "aging", "ttl"] {
            let refusal = format!("INVALID {field} {bad}");
            rig.refuses(KEYS, args![Rig::BASE, "overflow", "drop_oldest", field, bad], &refusal);
        }
    }
    for bad in ["0 1", "1 0", "1", "1 1 1", "-1 1", "inf 1", "nan 1", "1.2.3 1", "1 1.5"] {
        rig.refuses(KEYS, args![Rig::BASE, "rate", bad], &format!("INVALID rate {bad}"));
    }
}

/// Two scales in one order would starve the jobs of one of them.
#[test]
fn another_aging_changes_the_ranks_of_all_jobs() {
    let mut rig = rig();
    // Strict: a step is 2^42. `a` became ready at 7, `b` of priority -1 at 9, `c` is in a lane.
    rig.given([
        "HSET jq:{q}:meta layout 2",
        "ZADD jq:{q}:waiting 4503599627370503 a 4499201580859401 b -4503599627370485 c",
        "HSET jq:{q}:priority b -1 e -1",
        "HSET jq:{q}:lane_of c mail",
        "ZADD jq:{q}:lane:mail 4503599627370507 c",
        "ZADD jq:{q}:lanes 4503599627370507 mail",
        "ZADD jq:{q}:workers 1700000009000 w1 1700000009000 by-hand",
        // The priority of `e` was changed while it ran.
        "HSET jq:{q}:running:w1 d 4503599627370508:5 e 4503599627370509:6",
        "HSET jq:{q}:running:by-hand f 4503599627370510:0007:r1",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "aging", 1_000], "1");
    rig.holds(expect![[r#"
        jq:{q}:lane:mail zset
          1024011 c
        jq:{q}:lane_of hash
          c = mail
        jq:{q}:lanes zset
          1024011 mail
        jq:{q}:meta hash
          aging = 1000
          aging_by = operator
          layout = 2
        jq:{q}:priority hash
          b = -1
          e = -1
        jq:{q}:running:by-hand hash
          f = 1024014:0007:r1
        jq:{q}:running:w1 hash
          d = 1024012:5
          e = 1700001023000:6
        jq:{q}:waiting zset
          -9007199253716981 c
          1023009 b
          1024007 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 by-hand
          1700000009000 w1
    "#]]);
    rig.replies(KEYS, args![Rig::BASE, "aging", "-"], "1");
    rig.holds(expect![[r#"
        jq:{q}:lane:mail zset
          4503599627370507 c
        jq:{q}:lane_of hash
          c = mail
        jq:{q}:lanes zset
          4503599627370507 mail
        jq:{q}:meta hash
          layout = 2
        jq:{q}:priority hash
          b = -1
          e = -1
        jq:{q}:running:by-hand hash
          f = 4503599627370510:0007:r1
        jq:{q}:running:w1 hash
          d = 4503599627370508:5
          e = 4500901580859392:6
        jq:{q}:waiting zset
          -4503599627370485 c
          4499201580859401 b
          4503599627370503 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 by-hand
          1700000009000 w1
    "#]]);
}

#[test]
fn the_same_aging_changes_no_rank() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 aging 1000", "ZADD jq:{q}:waiting 5 a"]);
    rig.replies(KEYS, args![Rig::BASE, "aging", 1_000, "ttl", 5], "1");
    assert_eq!(run(rig.connection(), "ZSCORE jq:{q}:waiting a"), Value::BulkString(b"5".to_vec()));
}

#[test]
fn refuses_to_change_the_ranks_of_too_many_jobs() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2",
        "ZADD jq:{q}:workers 1700000009000 w1",
        "HSET jq:{q}:running:w1 a 1:1 b 1:1",
    ]);
    let mut connection = redis::cmd("EVAL");
    let fill = "for i = 1, 99999 do redis.call('ZADD', 'jq:{q}:waiting', 1, i) end";
    let () = connection.arg(fill).arg(0).query(rig.connection()).expect("filled");
    let refusal = "TOOLONG 100001 100000";
    rig.refuses(KEYS, args![Rig::BASE, "rate", "1 1", "aging", 1_000], refusal);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "active", 1], "LAYOUT 9 2");
}
