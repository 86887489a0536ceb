//! `lua/queue/glance.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "delayed", "failed", "workers", "meta"];

fn rig() -> Rig {
    crate::script::rig("queue/glance")
}

#[test]
fn says_what_a_list_shows() {
    let mut rig = rig();
    let rank = |priority: i64, ms: i64| (priority + 1024) * (1 << 42) + ms;
    rig.given([
        &*format!("ZADD jq:{{q}}:waiting {} a", rank(0, 1_699_999_999_000)),
        &*format!("ZADD jq:{{q}}:waiting {} b", rank(5, 1_699_999_990_000)),
        "ZADD jq:{q}:delayed 1 c",
        "ZADD jq:{q}:failed 1 d 2 e",
        "ZADD jq:{q}:workers 1700000000000 v 1700000000001 w",
        "HSET jq:{q}:running:w f 1:1 g 1:1",
        "HSET jq:{q}:meta layout 2 paused 1 added 9 completed 3 failed 2 cancelled 1",
        "HSET jq:{q}:meta throttled_until 1700000060000",
    ]);
    let before = rig.dump();
    rig.replies(
        KEYS,
        args![Rig::BASE],
        r#"[1700000000000, 2, 1, 2, 2, 2, 1, 1699999990000, "1", ["2", "1", "9", "3", "2", "1", "1700000060000"]]"#,
    );
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn with_aging_the_oldest_of_those_that_go_next() {
    let mut rig = rig();
    let rank = |priority: i64, ms: i64| (priority + 1024) * 60_000 + ms;
    rig.given([
        &*format!("ZADD jq:{{q}}:waiting {} a", rank(0, 1_699_999_999_000)),
        &*format!("ZADD jq:{{q}}:waiting {} b", rank(-1, 1_699_999_998_000)),
        "HSET jq:{q}:priority b -1",
        "HSET jq:{q}:meta layout 2 aging 60000",
    ]);
    rig.replies(
        KEYS,
        args![Rig::BASE],
        r#"[1700000000000, 2, 0, 0, 0, 0, 0, 1699999998000, nil, ["2", nil, nil, nil, nil, nil, nil]]"#,
    );
}

#[test]
fn of_a_queue_that_does_not_exist() {
    let mut rig = rig();
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[1700000000000, 0, 0, 0, 0, 0, 0, nil, nil, [nil, nil, nil, nil, nil, nil, nil]]",
    );
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE], "LAYOUT 9 2");
}
