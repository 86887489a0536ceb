//! `lua/queue/groups.lua`

use jobqueue_tests::raw::{Rig, args};

use crate::script::turn;

const KEYS: &[&str] = &["waiting", "meta"];

fn rig() -> Rig {
    crate::script::rig("queue/groups")
}

#[test]
fn counts_turns_and_the_jobs_of_sets() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, 10], "[0, nil]");
    rig.given([
        // The turns 2 and 3 of `a`, 2 of `b`, a job of `c` that stands apart, and one without a group.
        &*format!("ZADD jq:{{q}}:waiting {} 1 {} 2 {} 3", turn(2), turn(2), turn(3)),
        "ZADD jq:{q}:waiting -9007199254740991 4 7 5",
        "ZADD jq:{q}:passes 322560 a 241920 b 80640 gone",
        "ZADD jq:{q}:groups 161280 c",
        "ZADD jq:{q}:waiting:c 1 4",
        "HSET jq:{q}:weights c 2",
    ]);
    rig.replies(
        KEYS,
        args![Rig::BASE, 10],
        "[1, nil, \"a\", 2, nil, \"b\", 1, nil, \"c\", 1, \"2\"]",
    );
    rig.replies(KEYS, args![Rig::BASE, 1], "[1, nil, \"a\", 2, nil, \"c\", 1, \"2\"]");
}

#[test]
fn turns_that_are_over_count_for_nothing() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:passes 322560 a", "ZADD jq:{q}:waiting 7 5"]);
    rig.replies(KEYS, args![Rig::BASE, 10], "[1, nil]");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, 10], "LAYOUT 9 2");
}
