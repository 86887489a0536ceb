//! `lua/outbox/meet.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["jobs", "completed", "failed", "meta"];

fn rig() -> Rig {
    crate::script::rig("outbox/meet")
}

#[test]
fn names_the_job_that_has_the_id_or_the_key() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs waits r done r failed r cancelled r",
        "ZADD jq:{q}:cancelled 1 cancelled",
        "ZADD jq:{q}:waiting 1 waits",
        "ZADD jq:{q}:completed 1 done",
        "ZADD jq:{q}:failed 1 failed",
        "SET jq:{q}:unique:k waits",
        "SET jq:{q}:unique:own done",
    ]);
    let before = rig.dump();
    let jobs = [
        args![Rig::BASE, "waits", "", "done", "own", "failed", ""],
        args!["new", "", "new", "k", "new", "l", "done", "k", "cancelled", ""],
    ];
    let answer = r#"["waits", "", "", "", "waits", "", "waits", ""]"#;
    rig.replies(KEYS, jobs.concat(), answer);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", ""], "LAYOUT 9 2");
}
