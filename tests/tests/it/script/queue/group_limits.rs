//! `lua/queue/group_limits.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "waiting", "wake"];

fn rig() -> Rig {
    crate::script::rig("queue/group_limits")
}

#[test]
fn what_isnt_named_stays() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:group_limits g p1~a3", "HSET jq:{q}:meta grouped 1"]);
    rig.replies(KEYS, args![Rig::BASE, "g", "r", "100,2", "p", ""], "0");
    rig.replies(KEYS, args![Rig::BASE, "", "o", 1], "0");
    rig.holds(expect![[r#"
        jq:{q}:group_limits hash
           = o1
          g = a3 r100,2
        jq:{q}:meta hash
          grouped = 2
          layout = 2
    "#]]);
    rig.replies(KEYS, args![Rig::BASE, "g", "a", "", "r", ""], "0");
    rig.replies(KEYS, args![Rig::BASE, "", "o", ""], "0");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          grouped = 2
          layout = 2
    "#]]);
}

#[test]
fn groups_that_are_held_are_looked_at_again() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:groups 5 turns 3377699720527872 full 2251799813685249 later",
        "ZADD jq:{q}:waiting -5 a",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "full", "a", 2], "0");
    let score = |rig: &mut Rig, group: &str| -> u64 {
        redis::Cmd::zscore("jq:{q}:groups", group).query(rig.connection()).expect("a score")
    };
    assert_eq!(score(&mut rig, "full"), 2_251_799_813_685_248);
    assert_eq!(score(&mut rig, "later"), 2_251_799_813_685_249);
    // All of them, where all may be meant.
    rig.replies(KEYS, args![Rig::BASE, "", "a", 2], "0");
    assert_eq!(score(&mut rig, "later"), 2_251_799_813_685_248);
    assert_eq!(score(&mut rig, "turns"), 5);
    assert!(rig.dump().to_string().contains("jq:{q}:wake list"));
}

#[test]
fn all_that_are_held_are_meant() {
    let mut rig = rig();
    for from in (0..2_500).step_by(100) {
        let members = (from..from + 100).map(|n| format!("3377699720527872 g{n}"));
        let members: Vec<String> = members.collect();
        rig.given([&*format!("ZADD jq:{{q}}:groups {}", members.join(" "))]);
    }
    rig.replies(KEYS, args![Rig::BASE, "", "a", 2], "0");
    let held = redis::Cmd::zcount("jq:{q}:groups", "(2251799813685248", "+inf");
    assert_eq!(held.query::<u64>(rig.connection()).expect("counted"), 0);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "g", "a", 1], "LAYOUT 9 2");
}
