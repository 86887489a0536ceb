//! `lua/topic/publish.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "topic", "bindings", "outbox", "messages", "publisher:p"];

fn rig() -> Rig {
    crate::script::rig("topic/publish")
}

#[test]
fn messages_go_into_the_outbox_with_where_they_go() {
    let mut rig = rig();
    let call =
        args!["0", 1, 60_000, 0, "a b|c", "m1", 0, "r1", "", "m2", 0, "r2", "a x", "m3", -2, "r3"];
    rig.replies(KEYS, call, "2");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = a b|c, id = m1, priority = 0, record = r1
          to = a x, id = m3, priority = -2, record = r3
        jq:{q}:publisher:p string, expires
          1
        jq:{q}:topic hash
          published = 3
    "#]]);
}

#[test]
fn a_repeated_call_has_no_second_effect() {
    let mut rig = rig();
    let call = |number: u64| args!["0", number, 60_000, 0, "a", "m1", 0, "r1"];
    rig.replies(KEYS, call(1), "1");
    let before = rig.dump();
    rig.replies(KEYS, call(1), "1");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, call(2), "2");
    rig.replies(KEYS, call(2), "2");
    // Its publisher has gone on, and awaits no answer to it.
    rig.replies(KEYS, call(1), "2");
}

#[test]
fn a_caller_with_old_bindings_gets_the_new_ones() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:bindings a x", "HSET jq:{q}:topic version 7 alternate lost"]);
    let before = rig.dump();
    let call = |version: &str| args![version, 1, 60_000, 0, "a", "m1", 0, "r1"];
    rig.replies(KEYS, call("6"), r#"["7", "lost", ["a", "x"]]"#);
    rig.replies(KEYS, call("0"), r#"["7", "lost", ["a", "x"]]"#);
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, call("7"), "1");
    // It was carried out with the bindings of its time.
    rig.given(["HSET jq:{q}:topic version 8"]);
    rig.replies(KEYS, call("7"), "1");
}

#[test]
fn messages_are_kept_whether_they_go_somewhere_or_not() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:topic keep 10 keep_ms -1"]);
    rig.replies(KEYS, args!["0", 1, 60_000, 0, "", "m1", 4, "r1"], "0");
    rig.given(["DEL jq:{q}:publisher:p"]);
    rig.holds(expect![[r#"
        jq:{q}:messages stream
          id = m1, priority = 4, record = r1
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          keep = 10
          keep_ms = -1
          published = 1
    "#]]);
}

#[test]
fn messages_older_than_the_limit_are_removed() {
    let mut rig = rig();
    // The stream is trimmed by whole nodes, of a hundred entries here.
    for at in 1..=150 {
        let add = format!("XADD jq:{{q}}:messages {at}-1 id m priority 0 record r");
        rig.given([add.as_str()]);
    }
    rig.given(["HSET jq:{q}:topic keep -1 keep_ms 1000"]);
    rig.replies(KEYS, args!["0", 1, 60_000, 0, "", "m1", 4, "r1"], "0");
    let kept: u64 =
        redis::cmd("XLEN").arg("jq:{q}:messages").query(rig.connection()).expect("read");
    assert_eq!(kept, 51);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["0", 1, 60_000, 0, "a", "m1", 0, "r1"], "LAYOUT 9 2");
}

#[test]
fn a_resend_that_a_full_redis_refuses_is_refused_for_good() {
    let mut rig = rig();
    let call = |resend| args!["0", 1, 60_000, resend, "a", "m1", 0, "r1"];
    rig.given(["CONFIG SET maxmemory 1"]);
    let refused = rig.call(KEYS, call(1)).expect_err("Redis is full");
    assert!(refused.starts_with("OOM"), "{refused}");
    rig.given(["CONFIG SET maxmemory 0"]);
    for late in [0, 1] {
        rig.refuses(KEYS, call(late), &refused);
    }
    rig.replies(KEYS, args!["0", 2, 60_000, 0, "a", "m1", 0, "r1"], "1");
}
