//! `lua/outbox/register_source.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["sources", "meta"];

fn rig() -> Rig {
    crate::script::rig("outbox/register_source")
}

#[test]
fn a_source_is_new_once() {
    let mut rig = rig();
    rig.replies(KEYS, args!["t"], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:sources hash
          t = 0-0
    "#]]);
    rig.given(["HSET jq:{q}:sources t 5-0"]);
    rig.replies(KEYS, args!["t"], "0");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:sources hash
          t = 5-0
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["t"], "LAYOUT 9 2");
}
