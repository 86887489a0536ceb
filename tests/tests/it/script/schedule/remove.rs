//! `lua/schedule/remove.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["schedules", "ticks", "fired", "marks", "owners", "meta"];

fn rig() -> Rig {
    crate::script::rig("schedule/remove")
}

#[test]
fn forgets_a_schedule_and_the_next_one_is_the_first() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:schedules a ra b rb",
        "ZADD jq:{q}:ticks 1700000001000 a 1700000002000 b",
        "HSET jq:{q}:fired a 1,0,a:1",
        "HSET jq:{q}:marks a moved",
        "HSET jq:{q}:owners a billing",
        "HSET jq:{q}:meta ticks 1700000001000",
    ]);
    rig.replies(KEYS, args!["a"], "1");
    rig.replies(KEYS, args!["a"], "0");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          ticks = 1700000002000
        jq:{q}:schedules hash
          b = rb
        jq:{q}:ticks zset
          1700000002000 b
    "#]]);
    rig.replies(KEYS, args!["b"], "1");
    rig.holds(expect![[r#""#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["a"], "LAYOUT 9 2");
}
