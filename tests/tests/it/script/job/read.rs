//! `lua/job/read.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args, run};
use redis::Value;

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
        "HSET jq:{q}:misses a 1 c 3",
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
        "ZADD jq:{q}:delayed 7 c 7 f",
        "ZADD jq:{q}:waiting-children 0 f",
        "ZADD jq:{q}:completed 8 d",
        "ZADD jq:{q}:workers 1 w",
        "HSET jq:{q}:running:w e 9:10",
    ]);
    let before = rig.dump();
    rig.answers(
        KEYS,
        args![Rig::BASE, "a", "b", "c", "d", "e", "f", "missing"],
        expect![[r#"
            ["failed", "5", nil, "r", "2", "1", "-5", "p", "o", ["e"], nil, nil]
            ["waiting", "6", nil, nil, nil, nil, nil, nil, nil, [], nil, nil]
            ["delayed", "7", nil, nil, nil, nil, nil, nil, nil, [], nil, "3"]
            ["completed", "8", nil, nil, nil, nil, nil, nil, nil, [], nil, nil]
            ["active", "w", "9:10", nil, nil, nil, nil, nil, nil, [], nil, nil]
            ["waiting-children", "7", nil, nil, nil, nil, nil, nil, nil, [], nil, nil]
            nil
        "#]],
    );
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn answers_as_many_as_fit_and_one_at_least() {
    let mut rig = rig();
    let large = "x".repeat(700_000);
    for id in ["a", "b", "c"] {
        run(rig.connection(), &format!("HSET jq:{{q}}:jobs {id} {large}"));
        run(rig.connection(), &format!("ZADD jq:{{q}}:waiting 1 {id}"));
    }
    run(rig.connection(), &format!("HSET jq:{{q}}:outcomes b {large}"));
    run(rig.connection(), &format!("RPUSH jq:{{q}}:errors:d {large}"));
    rig.given(["HSET jq:{q}:jobs d r", "ZADD jq:{q}:waiting 2 d"]);
    let mut told = |ids: &[&str]| {
        let Ok(Value::Array(reply)) = rig.call(KEYS, args![Rig::BASE, ids]) else {
            panic!("no answer")
        };
        reply.len()
    };
    assert_eq!(told(&["a", "c"]), 1);
    assert_eq!(told(&["b", "c"]), 1, "an outcome counts, and one that is too large goes alone");
    assert_eq!(told(&["missing", "a", "d"]), 2, "errors count");
    assert_eq!(told(&["d", "missing"]), 2);
}
