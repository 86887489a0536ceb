//! `lua/queue/weigh.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta", "weights"];

fn rig() -> Rig {
    crate::script::rig("queue/weigh")
}

#[test]
fn sets_and_forgets_weights() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:weights b 5 c 2"]);
    rig.replies(KEYS, args!["a", 3, "b", "", "", 2], "1");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
        jq:{q}:weights hash
           = 2
          a = 3
          c = 2
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["a", 3], "LAYOUT 9 2");
}
