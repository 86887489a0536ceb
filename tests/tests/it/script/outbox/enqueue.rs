//! `lua/outbox/enqueue.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["outbox", "meta"];

fn rig() -> Rig {
    crate::script::rig("outbox/enqueue")
}

#[test]
fn writes_effects_in_order() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, 2, "to", "a", 0, "ra", "", "other", "b", -5, "rb", ""], "2");
    rig.holds(expect![[r#"
        jq:{q}:outbox stream
          to = to, id = a, priority = 0, record = ra
          to = other, id = b, priority = -5, record = rb
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, 1, "to", "a", 0, "ra", ""], "LAYOUT 9 2");
}
