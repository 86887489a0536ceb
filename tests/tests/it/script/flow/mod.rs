//! The scripts of `lua/flow`.
//!
//! Most begin with the flow `F` of the id `f`: a group 0 of two nodes, on which group 1 waits, the
//! root. Texts of groups are as `lua/lib/graph.lua` says.

mod cancel;
mod expire;
mod note;
mod page;
mod read;
mod remove;
mod results;
mod retry;
mod stage;

use jobqueue_tests::raw::{Rig, args};

/// Outcomes that completed, failed, and were cancelled, as far as scripts look.
const COMPLETED: &[u8] = b"\x93\x00r";
const FAILED: &[u8] = b"\x92\x01f";
const CANCELLED: &[u8] = b"\x93\x03c";

/// A rig in which the flow was started by `flow/stage`, and its first jobs are in the outbox.
fn started(script: &str, policy: &str) -> Rig {
    let mut rig = super::rig("flow/stage");
    rig.replies(&["flows", "meta"], staging(policy, &[]), "1");
    rig.given(["DEL jq:{q}:outbox"]);
    rig.script(super::source(script));
    rig
}

/// The flow in one part, which starts it.
fn staging(policy: &str, more: &[(&str, u64)]) -> Vec<Vec<u8>> {
    let leaves = format!("2 {policy} 0 - - - leaves 1 -");
    let mut args = args![
        Rig::BASE,
        "F",
        60_000,
        1,
        3,
        "0.0",
        "a",
        "0.1",
        "b",
        "1.0",
        "c",
        2,
        "0",
        leaves,
        2,
        0,
        "leaf",
        "1",
        "1 f -5 - - - tops - 0",
        1,
        1,
        "top",
        "f",
        "nodes",
        3,
        "groups",
        2,
        "root",
        1,
        "many",
        0,
        "keep",
        9_000,
        "keep_failed",
        90_000,
    ];
    for (field, value) in more {
        args.extend(args![*field, *value]);
    }
    args
}
