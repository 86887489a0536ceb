//! `lua/queue/limits.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "waiting", "wake"];

fn rig() -> Rig {
    crate::script::rig("queue/limits")
}

#[test]
fn sets_and_marks_whose_limit_it_is() {
    let mut rig = rig();
    rig.replies(KEYS, args!["rate", "10 5", "max_length", 7], "1");
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
    rig.replies(KEYS, args!["rate", "", "active", ""], "1");
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
    rig.replies(KEYS, args!["rate", "-", "active", "-"], "1");
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
            rig.refuses(KEYS, args!["overflow", "drop_oldest", field, bad], &refusal);
        }
    }
    for bad in ["0 1", "1 0", "1", "1 1 1", "-1 1", "inf 1", "nan 1", "1.2.3 1", "1 1.5"] {
        rig.refuses(KEYS, args!["rate", bad], &format!("INVALID rate {bad}"));
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["active", 1], "LAYOUT 9 2");
}
