//! `lua/flow/cancel.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::started;

const KEYS: &[&str] = &["flows", "meta"];

fn rig() -> Rig {
    // rig("flow/cancel")
    started("flow/cancel", "f")
}

#[test]
fn what_has_not_begun_is_dropped_and_the_rest_is_told() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "F", "7 -1 -1 o"], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          node_skipped = F.1.0@
          flow = F
        jq:{q}:flow:F hash
          cancelled = 1
          created = 1700000000000
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          left = 2
          many = 0
          nodes = 3
          root = 1
          root_failed = -
          state = cancelling
          why = 7 -1 -1 o
        jq:{q}:flow:F:done hash
          1 = 1700000000000 -
        jq:{q}:flow:F:groups hash
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:left hash
          0 = 2
          1 = 0
        jq:{q}:flow:F:names hash
          0 = leaf
          1 = top
        jq:{q}:flow:F:over hash
          1 = 0 5 - 1
        jq:{q}:flow:F:records hash
          0.0 = a
          0.1 = b
          1.0 = c
        jq:{q}:flow:F:sent hash
          0 = 2
        jq:{q}:flow:F:waits hash
          1 = 1
        jq:{q}:flow:ids hash
          F = f
        jq:{q}:flows hash
          f = F
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = leaves, id = F, priority = 0, record = F.0.0@ F.0.1@, cancel = +7 -1 -1 o
          to = leaves, id = F, priority = 0, record = F.0.0@ F.0.1@, cancel = -7 -1 -1 o
    "#]]);
    // The first to cancel it says why.
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F", "7 -1 -1 other"], "1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn one_that_has_ended_or_is_unknown_stays() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:flow:F state failed"]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F", "7 -1 -1 o"], "0");
    rig.replies(KEYS, args![Rig::BASE, "G", "7 -1 -1 o"], "-1");
    rig.dump().assert_unchanged_since(&before);
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, args![Rig::BASE, "F", "7 -1 -1 o"], "LAYOUT 0 2");
}
