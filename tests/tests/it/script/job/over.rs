//! `lua/job/over.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["jobs", "completed", "failed"];

fn rig() -> Rig {
    crate::script::rig("job/over")
}

#[test]
fn names_jobs_that_have_ended_or_are_gone() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs waits r failed r completed r",
        "ZADD jq:{q}:waiting 6 waits",
        "ZADD jq:{q}:failed 5 failed",
        "ZADD jq:{q}:completed 8 completed",
    ]);
    let before = rig.dump();
    rig.replies(KEYS, args!["failed", "waits", "gone", "completed"], "[1, 3, 4]");
    rig.replies(KEYS, args!["waits"], "[]");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn of_a_queue_that_was_removed_all_are_gone() {
    rig().replies(KEYS, args!["a", "b"], "[1, 2]");
}
