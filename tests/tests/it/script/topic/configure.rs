//! `lua/topic/configure.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};

const KEYS: &[&str] = &["meta", "topic", "messages"];

fn rig() -> Rig {
    crate::script::rig("topic/configure")
}

#[test]
fn settings_come_and_go() {
    let mut rig = rig();
    rig.replies(KEYS, args!["keep", 10, "keep_ms", -1, "alternate", "lost"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          alternate = lost
          keep = 10
          keep_ms = -1
          version = 1700000000000
    "#]]);
    rig.replies(KEYS, args!["alternate", ""], "1");
    rig.given(["XADD jq:{q}:messages 1-1 id m1 priority 0 record r1"]);
    rig.replies(KEYS, args!["keep", "", "keep_ms", ""], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:topic hash
          version = 1700000000002
    "#]]);
}

#[test]
fn what_is_kept_is_trimmed_before_anything_is_written() {
    let mut rig = rig();
    let add = "XADD jq:{q}:messages * id m priority 0 record r";
    rig.given(vec![add; 300]);
    rig.given(["CONFIG SET maxmemory 1"]);
    rig.replies(KEYS, args!["keep", 100, "keep_ms", -1], "1");
    let left = run(rig.connection(), "XLEN jq:{q}:messages");
    assert!(matches!(left, redis::Value::Int(100..=200)), "a full server makes room: {left:?}");
}

#[test]
fn refuses_what_no_later_call_could_read() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:topic keep 5 keep_ms -1", "XADD jq:{q}:messages 1-1 id m record r"]);
    for bad in ["18446744073709551615", "9223372036854775808", "-2", "1.5", "ten", "1e3", " 1"] {
        for field in ["keep", "keep_ms"] {
            let refusal = format!("INVALID {field} {bad}");
            rig.refuses(KEYS, args!["alternate", "lost", field, bad], &refusal);
        }
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["keep", 1, "keep_ms", 1], "LAYOUT 9 2");
}
