//! `lua/queue/page.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "delayed", "completed", "failed", "workers"];

fn rig() -> Rig {
    crate::script::rig("queue/page")
}

#[test]
fn goes_through_a_state_both_ways() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a 2 b 3 c 4 d"]);
    rig.replies(KEYS, args![Rig::BASE, "waiting", 1, 2, "0"], "[\"b\", \"c\"]");
    rig.replies(KEYS, args![Rig::BASE, "waiting", 0, 2, "1"], "[\"d\", \"c\"]");
    rig.replies(KEYS, args![Rig::BASE, "failed", 0, 2, "0"], "[]");
}

#[test]
fn active_jobs_of_all_workers_by_id() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 v 2 w",
        "HSET jq:{q}:running:v c 1:1 a 1:1",
        "HSET jq:{q}:running:w b 1:1",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "active", 0, 2, "0"], "[\"a\", \"b\"]");
    rig.replies(KEYS, args![Rig::BASE, "active", 1, 5, "1"], "[\"b\", \"a\"]");
}

#[test]
fn jobs_that_wait_for_their_children_are_not_delayed() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1 a 2 b 3 c 4 d", "ZADD jq:{q}:waiting-children 0 a 0 c"]);
    rig.replies(KEYS, args![Rig::BASE, "delayed", 0, 9, "0"], "[\"b\", \"d\"]");
    rig.replies(KEYS, args![Rig::BASE, "delayed", 1, 9, "0"], "[\"d\"]");
    rig.replies(KEYS, args![Rig::BASE, "delayed", 0, 1, "1"], "[\"d\"]");
    rig.replies(KEYS, args![Rig::BASE, "delayed", 2, 9, "0"], "[]");
    rig.replies(KEYS, args![Rig::BASE, "waiting-children", 0, 9, "0"], "[\"a\", \"c\"]");
}
