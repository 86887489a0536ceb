//! `lua/job/priority.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "delayed", "completed", "failed", "workers", "priority", "meta"];

fn rig() -> Rig {
    super::rig("job/priority")
}

#[test]
fn moves_a_waiting_job_and_back() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 4505299627370496 a"]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "a", -1], "1");
    rig.holds(
        "
        jq:{q}:priority hash
          a = -1
        jq:{q}:waiting zset
          4500901580859392 a
        ",
    );
    rig.replies(KEYS, args![Rig::BASE, "a", 0], "1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn is_noted_for_a_delayed_and_an_active_job() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:delayed 5 a",
        "ZADD jq:{q}:workers 1 w",
        "HSET jq:{q}:running:w b 1:1",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "a", 7], "1");
    rig.replies(KEYS, args![Rig::BASE, "b", -7], "1");
    rig.holds(
        "
        jq:{q}:delayed zset
          5 a
        jq:{q}:priority hash
          a = 7
          b = -7
        jq:{q}:running:w hash
          b = 1:1
        jq:{q}:workers zset
          1 w
        ",
    );
}

#[test]
fn refuses_what_has_ended() {
    let mut rig = rig();
    rig.refuses(KEYS, args![Rig::BASE, "a", 1], "NOTFOUND no such job");
    rig.given(["ZADD jq:{q}:failed 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 1], "WRONGSTATE failed");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 1], "LAYOUT 2 1");
}
