//! `lua/queue/throttles.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "workers", "meta"];

fn rig() -> Rig {
    crate::script::rig("queue/throttles")
}

#[test]
fn of_a_queue_that_nothing_holds_back() {
    let mut rig = rig();
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[1700000000000, nil, nil, nil, nil, nil, nil, 0, 0, [], []]",
    );
}

#[test]
fn says_what_holds_jobs_back() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 paused 1 rate 1000~1 tat 1700000001000.000 active 3",
        "HSET jq:{q}:meta throttled_until 1700000060000 throttled_from 1699999999000",
        "ZADD jq:{q}:waiting 1 a 2 b",
        "ZADD jq:{q}:workers 1 w",
        "HSET jq:{q}:running:w c 1:1",
        "ZADD jq:{q}:lanes 1 mail",
        "ZADD jq:{q}:lane:mail 1 a",
        "ZADD jq:{q}:keys:blocked 0 user:7",
        "ZADD jq:{q}:lane:\u{1}user:7 2 b",
        "ZADD jq:{q}:keys:active 0 user:7\nc",
    ]);
    let before = rig.dump();
    rig.replies(
        KEYS,
        args![Rig::BASE],
        r#"[1700000000000, "1", "1000 1", "1700000001000.000", "3", "1700000060000", "1699999999000", 1, 2, [["mail", 1]], [["user:7", 1, 1]]]"#,
    );
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn a_throttle_that_is_over_is_none() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 throttled_until 1700000000000 throttled_from 1"]);
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[1700000000000, nil, nil, nil, nil, nil, nil, 0, 0, [], []]",
    );
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE], "LAYOUT 9 2");
}
