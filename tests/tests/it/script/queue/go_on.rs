//! `lua/queue/go_on.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["jobs", "failed", "meta", "wake"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("queue/go_on");
    rig.given([
        "HSET jq:{q}:jobs failed r running r",
        "ZADD jq:{q}:failed 1 failed",
        "ZADD jq:{q}:groups 3377699720527872 g 5 h",
    ]);
    rig
}

/// A member of `{q}:groups:active`.
fn active(rig: &mut Rig, group: &str, id: &str) {
    let mut add = redis::cmd("ZADD");
    let add = add.arg("jq:{q}:groups:active").arg(0).arg(format!("{group}\n{id}"));
    let _: u8 = add.query(rig.connection()).expect("added");
}

#[test]
fn forgets_what_has_failed_or_is_gone() {
    let mut rig = rig();
    active(&mut rig, "g", "failed");
    active(&mut rig, "g", "gone");
    active(&mut rig, "gg", "gone");
    rig.replies(KEYS, args![Rig::BASE, "g"], "2");
    rig.holds(expect![[r#"
        jq:{q}:failed zset
          1 failed
        jq:{q}:groups zset
          5 h
          2251799813685248 g
        jq:{q}:groups:active zset
          0 gg\ngone
        jq:{q}:jobs hash
          failed = r
          running = r
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn what_runs_holds_it_still() {
    let mut rig = rig();
    active(&mut rig, "g", "running");
    rig.replies(KEYS, args![Rig::BASE, "g"], "0");
    // One that isn't held has nothing to go on from.
    rig.replies(KEYS, args![Rig::BASE, "h"], "0");
    assert!(rig.dump().to_string().contains("5 h"));
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "g"], "LAYOUT 9 2");
}
