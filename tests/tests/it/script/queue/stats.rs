//! `lua/queue/stats.lua`

use expect_test::expect;
use jobqueue_tests::raw::{NOW, Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "priority",
    "outbox",
    "histograms",
    "meta",
];

/// The fields of `meta` if none is set.
const NONE: &str = "[nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil]";

fn rig() -> Rig {
    crate::script::rig("queue/stats")
}

/// The rank of a job of this priority that became ready `age` ms before now.
fn rank(priority: u64, step: u64, age: u64) -> u64 {
    (priority + 1_024) * step + NOW - age
}

const STRICT: u64 = 1 << 42;

/// The answer's part about the oldest waiting job.
#[track_caller]
fn oldest(rig: &mut Rig, waiting: usize, expected: &str) {
    let answer = rig.call(KEYS, args![Rig::BASE]).expect("an answer");
    let text = jobqueue_tests::text::reply(&answer);
    let start = format!("[{NOW}, {waiting}, 0, 0, 0, [], {expected}, nil, 0, nil, ");
    assert!(text.starts_with(&start), "{text} should start with {start}");
}

#[test]
fn an_empty_queue() {
    let mut rig = rig();
    let expected = format!("[{NOW}, 0, 0, 0, 0, [], nil, nil, 0, nil, {NONE}, [], [0, nil, 0]]");
    rig.replies(KEYS, args![Rig::BASE], &expected);
    rig.holds(expect![""]);
}

#[test]
fn all_there_is_to_know() {
    let mut rig = rig();
    let waiting = format!("ZADD jq:{{q}}:waiting {} a", rank(0, STRICT, 7_000));
    rig.given([
        waiting.as_str(),
        "ZADD jq:{q}:delayed 1700000005000 b 1700000006000 c",
        "ZADD jq:{q}:waiting-children 0 c",
        "ZADD jq:{q}:completed 1 d",
        "ZADD jq:{q}:failed 1 e 2 f 3 g",
        "ZADD jq:{q}:workers 1700000001000 w 1600000000000 v",
        "HSET jq:{q}:running:w h 1:1 i 1:1",
        "XADD jq:{q}:outbox 1699999999000-0 to x id j priority 0 record r",
        "XADD jq:{q}:outbox 1699999999500-0 to x id k priority 0 record r",
        "HSET jq:{q}:histograms run:3 7",
        "HSET jq:{q}:meta layout 2 paused 1 added 9 completed 4 failed 3",
    ]);
    let before = rig.dump();
    let expected = format!(
        "[{NOW}, 1, 2, 1, 3, [[\"v\", \"1600000000000\", 0], [\"w\", \"1700000001000\", 2]], {}, \
         \"1700000005000\", 2, \"1699999999000-0\", \
         [\"1\", \"9\", \"4\", \"3\", nil, nil, nil, nil, nil, nil, nil, nil, nil], \
         [\"run:3\", \"7\"], [0, nil, 1]]",
        NOW - 7_000
    );
    rig.replies(KEYS, args![Rig::BASE], &expected);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn the_oldest_is_found_behind_more_urgent_ones() {
    let mut rig = rig();
    let ranks = [(0, 10), (5, 90_000), (5, 20), (1_023, 30), (0, 5)];
    for (index, (priority, age)) in ranks.into_iter().enumerate() {
        let add = format!("ZADD jq:{{q}}:waiting {} {index}", rank(priority, STRICT, age));
        rig.given([add.as_str()]);
    }
    oldest(&mut rig, 5, &(NOW - 90_000).to_string());
}

#[test]
fn looks_at_a_bounded_number_of_priorities() {
    let mut rig = rig();
    for priority in 0..65 {
        let age = 1_000 + priority * 10;
        let add = format!("ZADD jq:{{q}}:waiting {} {priority}", rank(priority, STRICT, age));
        rig.given([add.as_str()]);
    }
    oldest(&mut rig, 65, &(NOW - 1_630).to_string());
}

#[test]
fn with_aging_the_next_jobs_are_looked_at() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 aging 60000", "HSET jq:{q}:priority b 3 c 1"]);
    for (id, priority, age) in [("a", 0, 100), ("b", 3, 150_000), ("c", 1, 2_000)] {
        let add = format!("ZADD jq:{{q}}:waiting {} {id}", rank(priority, 60_000, age));
        rig.given([add.as_str()]);
    }
    oldest(&mut rig, 3, &(NOW - 150_000).to_string());
}

#[test]
fn with_aging_a_job_from_before_there_was_aging_tells_its_time_too() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 aging 60000"]);
    let add = format!("ZADD jq:{{q}}:waiting {} a", rank(0, STRICT, 4_000));
    rig.given([add.as_str()]);
    oldest(&mut rig, 1, &(NOW - 4_000).to_string());
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE], "LAYOUT 9 2");
}
