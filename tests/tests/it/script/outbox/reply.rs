//! `lua/outbox/reply.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["replies"];

fn rig() -> Rig {
    crate::script::rig("outbox/reply")
}

#[test]
fn replies_wait_in_order_and_the_inbox_goes_by_itself() {
    let mut rig = rig();
    rig.replies(KEYS, args![60_000, 10, "a", "ra", "b", "rb"], "2");
    let lifetime: i64 = redis::cmd("PTTL")
        .arg("jq:{q}:replies")
        .query(rig.connection())
        .expect("the time that is left");
    assert!((1..=60_000).contains(&lifetime), "{lifetime}");
    rig.given(["PERSIST jq:{q}:replies"]);
    rig.holds(expect![[r#"
        jq:{q}:replies stream
          id = a, outcome = ra
          id = b, outcome = rb
    "#]]);
}

#[test]
fn the_oldest_make_room() {
    let mut rig = rig();
    rig.replies(KEYS, args![60_000, 2, "a", "ra", "b", "rb", "c", "rc"], "3");
    rig.replies(KEYS, args![60_000, 2, "d", "rd"], "3");
    rig.given(["PERSIST jq:{q}:replies"]);
    rig.holds(expect![[r#"
        jq:{q}:replies stream
          id = b, outcome = rb
          id = c, outcome = rc
          id = d, outcome = rd
    "#]]);
}

#[test]
fn a_full_server_lets_replies_in() {
    let mut rig = rig();
    rig.given(["CONFIG SET maxmemory 1"]);
    rig.replies(KEYS, args![60_000, 10, "a", "ra"], "1");
}
