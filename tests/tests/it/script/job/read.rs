//! `lua/job/read.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "jobs",
    "attempts",
    "stalls",
    "priority",
    "progress",
    "outcomes",
];

fn rig() -> Rig {
    crate::script::rig("job/read")
}

#[test]
fn reads_all_that_is_known_in_every_state() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r",
        "HSET jq:{q}:attempts a 2",
        "HSET jq:{q}:stalls a 1",
        "HSET jq:{q}:misses a 1",
        "HSET jq:{q}:progress a p",
        "HSET jq:{q}:outcomes a o",
        "HSET jq:{q}:priority a -5",
        "SADD jq:{q}:listed a",
        "RPUSH jq:{q}:errors:a e",
        "RPUSH jq:{q}:logs:a l",
        "HSET jq:{q}:uniques a ka",
        "SET jq:{q}:unique:ka a",
        "ZADD jq:{q}:failed 5 a",
        "ZADD jq:{q}:waiting 6 b",
        "ZADD jq:{q}:delayed 7 c",
        "ZADD jq:{q}:completed 8 d",
        "ZADD jq:{q}:workers 1 w",
        "HSET jq:{q}:running:w e 9:10",
    ]);
    let before = rig.dump();
    rig.answers(
        KEYS,
        args![Rig::BASE, "a", "b", "c", "d", "e", "missing"],
        expect![[r#"
            ["failed", "5", nil, "r", "2", "1", "-5", "p", "o", ["e"]]
            ["waiting", "6", nil, nil, nil, nil, nil, nil, nil, []]
            ["delayed", "7", nil, nil, nil, nil, nil, nil, nil, []]
            ["completed", "8", nil, nil, nil, nil, nil, nil, nil, []]
            ["active", "w", "9:10", nil, nil, nil, nil, nil, nil, []]
            nil
        "#]],
    );
    rig.dump().assert_unchanged_since(&before);
}
