//! `lua/worker/give_back.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

const KEYS: &[&str] =
    &["workers", "running:by-hand", "visibility", "waiting", "meta", "events", "wake"];

fn rig() -> Rig {
    crate::script::rig("worker/give_back")
}

#[test]
fn what_a_receive_has_taken_goes_back_and_its_name_ends() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000001000 by-hand 1700000002000 r1 1700000003000 r2",
        "HSET jq:{q}:running:by-hand a 1:1:r1 b 2:2:r2 c 3:3:r1",
        "ZADD jq:{q}:visibility 1700000001000 a 1700000002000 b 1700000003000 c",
    ]);
    for _ in 0..2 {
        rig.replies(KEYS, args!["r1", 0], "\"0\"");
    }
    rig.holds(expect![[r#"
        jq:{q}:events stream
          released = a c
        jq:{q}:running:by-hand hash
          b = 2:2:r2
        jq:{q}:visibility zset
          1700000002000 b
        jq:{q}:waiting zset
          1 a
          3 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000002000 by-hand
          1700000003000 r2
    "#]]);
    rig.replies(KEYS, args!["r2", 0], "\"0\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          released = a c
          released = b
        jq:{q}:waiting zset
          1 a
          2 b
          3 c
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_receive_that_has_nothing_leaves_no_trace() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000002000 r1"]);
    rig.replies(KEYS, args!["r1", 0], "\"0\"");
    rig.holds(expect![[r#""#]]);
}

#[test]
fn very_many_jobs_are_looked_at_in_steps() {
    let mut rig = rig();
    for n in 0..5_000 {
        let (receive, id) = (if n % 50 == 0 { "r1" } else { "r2" }, format!("j{n}"));
        rig.given([
            format!("HSET jq:{{q}}:running:by-hand {id} 7:1:{receive}").as_str(),
            format!("ZADD jq:{{q}}:visibility 1700000001000 {id}").as_str(),
        ]);
    }
    let (mut cursor, mut calls) = (b"0".to_vec(), 0);
    loop {
        calls += 1;
        match rig.call(KEYS, args!["r1", cursor]) {
            Ok(Value::BulkString(next)) if next == b"0" => break,
            Ok(Value::BulkString(next)) => cursor = next,
            other => panic!("{other:?}"),
        }
    }
    assert!((3..=9).contains(&calls), "{calls} calls");
    let mut count = |command| run(rig.connection(), command);
    assert_eq!(count("ZCARD jq:{q}:waiting"), Value::Int(100));
    assert_eq!(count("HLEN jq:{q}:running:by-hand"), Value::Int(4_900));
    assert_eq!(count("ZCARD jq:{q}:visibility"), Value::Int(4_900));
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["r1", 0], "LAYOUT 9 2");
}

#[test]
fn a_full_server_takes_jobs_back() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:by-hand a 1:1:r1", "CONFIG SET maxmemory 1"]);
    rig.replies(KEYS, args!["r1", 0], "\"0\"");
}

#[test]
fn a_job_that_was_handed_out_as_expired_is_so_for_the_next() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000001000 by-hand 1700000002000 r1",
        "HSET jq:{q}:running:by-hand a 1:1:r1 b 2:2:r1",
        "ZADD jq:{q}:visibility 1700000001000 a 1700000002000 b",
        "ZADD jq:{q}:expiring -1 a -1700000009000 b",
    ]);
    rig.replies(KEYS, args!["r1", 0], "\"0\"");
    let times = run(rig.connection(), "ZRANGE jq:{q}:expiring 0 -1 WITHSCORES");
    let expected = ["b", "-1700000009000", "a", "0"].map(|it| Value::BulkString(it.into()));
    assert_eq!(times, Value::Array(expected.into()));
}
