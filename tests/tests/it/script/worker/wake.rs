//! `lua/worker/wake.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

const KEYS: &[&str] = &["waiting", "delayed", "expiring", "workers", "meta", "wake"];

fn rig() -> Rig {
    crate::script::rig("worker/wake")
}

#[test]
fn puts_one_token_if_a_job_waits() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    rig.replies(KEYS, args!["", ""], "1");
    rig.replies(KEYS, args!["", ""], "1");
    rig.holds(expect![[r#"
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn puts_no_token_if_no_job_waits() {
    let mut rig = rig();
    rig.replies(KEYS, args!["", ""], "0");
    rig.holds(expect![""]);
}

#[test]
fn puts_no_second_token() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a 2 b", "RPUSH jq:{q}:wake 1"]);
    let before = rig.dump();
    rig.replies(KEYS, args!["", ""], "1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn puts_the_token_for_what_falls_due_while_others_sleep() {
    let reasons = [
        ("ZADD jq:{q}:delayed 1700000005000 a", "1"),
        ("ZADD jq:{q}:delayed 1700000005001 a", "0"),
        ("ZADD jq:{q}:delayed -7 a", "1"),
        ("ZADD jq:{q}:expiring 1700000004000 a", "1"),
        // Handed out as expired.
        ("ZADD jq:{q}:expiring -1 a", "0"),
        ("ZADD jq:{q}:workers 1700000000300 dying", "1"),
        ("ZADD jq:{q}:workers 1700000009000 lives", "0"),
    ];
    for (given, expected) in reasons {
        let mut rig = rig();
        rig.given([given]);
        rig.replies(KEYS, args!["w1", ""], expected);
        let token = run(rig.connection(), "LLEN jq:{q}:wake");
        assert_eq!(token, Value::Int(i64::from(expected == "1")), "{given}");
    }
}

#[test]
fn ends_the_workers_own_turn_and_wait() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    let mut set = redis::cmd("HSET");
    set.arg("jq:{q}:meta").arg("turn").arg("1700000001000.000 1700000000000.000 w1");
    let () = set.query(rig.connection()).expect("set");
    rig.replies(KEYS, args!["w2", ""], "1");
    let turn = run(rig.connection(), "HEXISTS jq:{q}:meta turn");
    assert_eq!(turn, Value::Int(1), "it is another's");
    rig.replies(KEYS, args!["w1", "n"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          turn = 1700000000000.000 1700000000000.000 -
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
        jq:{q}:wake:n list, expires
          1
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "ZADD jq:{q}:waiting 1 a"]);
    rig.refuses(KEYS, args!["w1", "n"], "LAYOUT 9 2");
}
