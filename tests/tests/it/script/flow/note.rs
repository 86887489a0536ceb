//! `lua/flow/note.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::{CANCELLED, COMPLETED, FAILED, started};

const KEYS: &[&str] = &["outbox", "meta"];

fn rig(policy: &str) -> Rig {
    // rig("flow/note")
    started("flow/note", policy)
}

fn ends(ends: &[(&str, &[u8])]) -> Vec<Vec<u8>> {
    let mut args = args![Rig::BASE];
    for (id, outcome) in ends {
        args.extend(args![*id, *outcome]);
    }
    args
}

#[test]
fn what_waited_for_the_last_end_is_sent() {
    let mut rig = rig("f");
    rig.replies(KEYS, ends(&[("F.0.0@", COMPLETED)]), "0");
    let before = rig.dump();
    // It comes again, and so do ends of other flows, of other tries, and of no node.
    let again = [("F.0.0@", FAILED), ("G.0.0@", FAILED), ("F.0.1.7@", FAILED), ("x", FAILED)];
    rig.replies(KEYS, ends(&again), "0");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, ends(&[("F.0.1@", COMPLETED), ("F.0.1@", FAILED)]), "1");
    rig.holds(expect![[""]]);
}

#[test]
fn the_last_end_ends_the_flow() {
    let mut rig = rig("f");
    rig.given(["HSET jq:{q}:flow:F success q~0~s complete q~0~c death q~0~d"]);
    rig.replies(KEYS, ends(&[("F.0.0@", COMPLETED), ("F.0.1@", COMPLETED)]), "1");
    rig.given(["DEL jq:{q}:outbox"]);
    rig.replies(KEYS, ends(&[("F.1.0@", COMPLETED)]), "2");
    rig.holds(expect![[""]]);
}

#[test]
fn a_failure_fails_what_waits_and_drops_its_siblings() {
    let mut rig = rig("f");
    rig.given(["HSET jq:{q}:flow:F death q~0~d"]);
    rig.replies(KEYS, ends(&[("F.0.0@", FAILED)]), "3");
    rig.holds(expect![[""]]);
    rig.replies(KEYS, ends(&[("F.0.1@", CANCELLED)]), "3");
    let dump = rig.dump().to_string();
    for line in ["state = failed", "left = 0", "cancelled = 1", "failed = 2", "cause = 0.0"] {
        assert!(dump.contains(line), "{line}: {dump}");
    }
}

#[test]
fn other_policies_let_it_run() {
    for (policy, first) in [("i", "0"), ("c", "0"), ("d", "1")] {
        let mut rig = rig(policy);
        rig.replies(KEYS, ends(&[("F.0.0@", FAILED)]), first);
        rig.replies(KEYS, ends(&[("F.0.1@", COMPLETED)]), "1");
        rig.replies(KEYS, ends(&[("F.1.0@", COMPLETED)]), "1");
        let dump = rig.dump().to_string();
        assert!(dump.contains("state = completed"), "{policy}: {dump}");
        assert_eq!(dump.contains("ignored = 1"), policy == "i", "{dump}");
    }
}

#[test]
fn a_queue_of_another_layout_is_refused() {
    let mut rig = rig("f");
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, ends(&[("F.0.0@", COMPLETED)]), "LAYOUT 0 2");
}
