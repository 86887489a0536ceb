//! `lua/queue/oldest.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["waiting", "delayed", "priority", "meta"];

/// The step between two priorities.
const BAND: u64 = 1 << 42;

fn rig() -> Rig {
    crate::script::rig("queue/oldest")
}

#[test]
fn the_oldest_of_all_priorities_and_delayed_jobs_last() {
    let mut rig = rig();
    let rank = |priority: u64, ms: u64| (1_024 + priority) * BAND + ms;
    let waiting = [(0, 30, "c"), (0, 50, "e"), (7, 10, "a"), (7, 40, "d"), (1_000, 20, "b")];
    for (priority, ms, id) in waiting {
        rig.given([format!("ZADD jq:{{q}}:waiting {} {id}", rank(priority, ms)).as_str()]);
    }
    rig.given(["ZADD jq:{q}:delayed 5 soon 9 later"]);
    let before = rig.dump();
    rig.replies(KEYS, args![1], r#"["a"]"#);
    rig.replies(KEYS, args![4], r#"["a", "b", "c", "d"]"#);
    rig.replies(KEYS, args![6], r#"["a", "b", "c", "d", "e", "soon"]"#);
    rig.replies(KEYS, args![9], r#"["a", "b", "c", "d", "e", "soon", "later"]"#);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn jobs_that_age_are_compared_by_time_too() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 aging 1000",
        "HSET jq:{q}:priority a 3 c -2",
        // 1,024 steps and the job's own.
        "ZADD jq:{q}:waiting 1027010 a 1024020 b 1022030 c",
    ]);
    rig.replies(KEYS, args![2], r#"["a", "b"]"#);
}

/// A rank in a lane is less by 2^53, and one from before the aging is of strict priorities.
#[test]
fn jobs_that_age_keep_their_time_in_a_lane_and_from_before_the_aging() {
    let mut rig = rig();
    let before_aging = 1_024 * BAND + 20;
    rig.given([
        "HSET jq:{q}:meta layout 2 aging 1000",
        "ZADD jq:{q}:waiting -9007199253716962 lane 1024010 first",
        format!("ZADD jq:{{q}}:waiting {before_aging} second").as_str(),
    ]);
    rig.replies(KEYS, args![3], r#"["first", "second", "lane"]"#);
}

#[test]
fn an_empty_queue_has_none() {
    rig().replies(KEYS, args![3], "[]");
}
