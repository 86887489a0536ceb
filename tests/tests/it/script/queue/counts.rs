//! `lua/queue/counts.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "delayed", "completed", "failed", "workers", "meta"];

fn rig() -> Rig {
    crate::script::rig("queue/counts")
}

#[test]
fn counts_every_state_and_says_the_limits() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:delayed 1 b 2 c",
        "ZADD jq:{q}:completed 1 d",
        "ZADD jq:{q}:workers 1 v 2 w",
        "HSET jq:{q}:running:v e 1:1",
        "HSET jq:{q}:running:w f 1:1 g 1:1",
        "HSET jq:{q}:meta layout 2 paused 1 added 9 failed 2 active 5",
    ]);
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[1, 2, 3, 1, 0, 2, [\"1\", \"9\", nil, \"2\", nil, \"5\", nil, nil, nil, \"2\"]]",
    );
}

#[test]
fn effects_on_their_way_are_counted_too() {
    let mut rig = rig();
    rig.given(["XADD jq:{q}:outbox 1-1 to a id j priority 0 record r"]);
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[0, 0, 0, 0, 0, 0, [nil, nil, nil, nil, nil, nil, nil, nil, nil, nil], 1]",
    );
}

#[test]
fn an_empty_queue() {
    let mut rig = rig();
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[0, 0, 0, 0, 0, 0, [nil, nil, nil, nil, nil, nil, nil, nil, nil, nil]]",
    );
    rig.holds(expect![""]);
}

#[test]
fn settings_of_only_some_queues_come_last() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 ttl 500 dead_letter d"]);
    rig.answers(
        KEYS,
        args![Rig::BASE],
        expect![[r#"
            0
            0
            0
            0
            0
            0
            [nil, nil, nil, nil, nil, nil, nil, nil, nil, "2"]
            0
            ["500", "d", nil, nil, 0, 0]
        "#]],
    );
}

#[test]
fn jobs_that_wait_for_their_children_come_last() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1 a 2 b", "ZADD jq:{q}:waiting-children 0 b"]);
    rig.replies(
        KEYS,
        args![Rig::BASE],
        "[0, 2, 0, 0, 0, 0, [nil, nil, nil, nil, nil, nil, nil, nil, nil, nil], 0, \
         [nil, nil, nil, nil, 0, 1]]",
    );
}
