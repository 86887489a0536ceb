//! `lua/flow/retry.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::{COMPLETED, FAILED, started};

const KEYS: &[&str] = &["flows", "meta"];

/// A flow whose second leaf has failed, and with it the root.
fn rig() -> Rig {
    // rig("flow/retry")
    let mut rig = started("flow/note", "f");
    let ends = args![Rig::BASE, "F.0.0@", COMPLETED, "F.0.1@", FAILED];
    rig.replies(&["outbox", "meta"], ends, "0");
    rig.given(["DEL jq:{q}:events"]);
    rig.script(crate::script::source("flow/retry"));
    rig
}

#[test]
fn what_did_not_complete_runs_again() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "F", "-"], "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          flow = F
        jq:{q}:flow:F hash
          completed = 1
          created = 1700000000000
          failed = 0
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          left = 2
          many = 0
          nodes = 3
          root = 1
          state = running
        jq:{q}:flow:F:again hash
          0.1 = 1
        jq:{q}:flow:F:groups hash
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:kept hash
          0 = 0
        jq:{q}:flow:F:left hash
          0 = 1
          1 = 1
        jq:{q}:flow:F:names hash
          0 = leaf
          1 = top
        jq:{q}:flow:F:outcomes hash
          0.0 = \x93\u{0}r
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
          to = leaves, id = F.0.1.1@, priority = 0, record = b
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F", "-"], "-2");
    rig.replies(KEYS, args![Rig::BASE, "G", "-"], "-1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn what_is_named_runs_again_too() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "F", "0*"], "1");
    let dump = rig.dump().to_string();
    for line in ["0.0 = 1", "0.1 = 1", "id = F.0.0.1@", "F.0.1.1@"] {
        assert!(dump.contains(line), "{line}: {dump}");
    }
}

#[test]
fn one_that_has_completed_runs_from_a_node_alone() {
    let mut rig = started("flow/note", "f");
    let ends = args![Rig::BASE, "F.0.0@", COMPLETED, "F.0.1@", COMPLETED];
    rig.replies(&["outbox", "meta"], ends, "1");
    rig.replies(&["outbox", "meta"], args![Rig::BASE, "F.1.0@", COMPLETED], "1");
    rig.script(crate::script::source("flow/retry"));
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F", "-"], "0");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, args![Rig::BASE, "F", "1.0"], "1");
    let dump = rig.dump().to_string();
    assert!(dump.contains("id = F.1.0.1@") && dump.contains("completed = 2"), "{dump}");
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, args![Rig::BASE, "F", "-"], "LAYOUT 0 2");
}
