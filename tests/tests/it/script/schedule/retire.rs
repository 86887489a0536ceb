//! `lua/schedule/retire.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["schedules", "ticks", "fired", "marks", "owners", "meta"];

fn rig() -> Rig {
    crate::script::rig("schedule/retire")
}

#[test]
fn what_an_owner_declares_no_more_is_gone_and_nothing_else() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:schedules a ra b rb c rc d rd",
        "ZADD jq:{q}:ticks 1700000001000 a 1700000002000 b 1700000003000 c 1700000004000 d",
        "HSET jq:{q}:fired a 1,0,a:1",
        "HSET jq:{q}:marks a paused",
        "HSET jq:{q}:owners a billing b billing c other",
        "HSET jq:{q}:meta ticks 1700000001000",
    ]);
    rig.replies(KEYS, args!["billing", "b", "e"], r#"["a"]"#);
    rig.replies(KEYS, args!["billing", "b", "e"], "[]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          ticks = 1700000002000
        jq:{q}:owners hash
          b = billing
          c = other
        jq:{q}:schedules hash
          b = rb
          c = rc
          d = rd
        jq:{q}:ticks zset
          1700000002000 b
          1700000003000 c
          1700000004000 d
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["billing"], "LAYOUT 9 2");
}
