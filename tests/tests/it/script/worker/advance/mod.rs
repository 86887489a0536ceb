//! `lua/worker/advance.lua`

mod active;
mod by_hand;
mod bytes;
mod expiry;
mod fetch;
mod keyed;
mod lanes;
mod promote;
mod rate;
mod recover;
mod retention;
mod rotation;
mod setback;
mod settle;
mod suspend;
mod unique;

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};
use redis::Value;

/// In the order of the script's header, for the worker `w1`.
const KEYS: &[&str] = &[
    "jobs",
    "waiting",
    "delayed",
    "workers",
    "running:w1",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "completed",
    "failed",
    "meta",
    "events",
    "wake",
];

/// A rig in which `w1` is known, and events are off unless a test turns them on.
fn rig() -> Rig {
    let mut rig = crate::script::rig("worker/advance");
    rig.given(["ZADD jq:{q}:workers 1700000005000 w1", "HSET jq:{q}:meta layout 2 events 0"]);
    rig
}

/// The start of every call: the number of held jobs, the number wanted, and a throttle in ms.
fn head(held: u32, want: u32, hold: u64) -> Vec<Vec<u8>> {
    args![Rig::BASE, "w1", 10_000, held, want, hold, ""]
}

/// The ids that a call hands out, with spaces between.
fn taken_by(rig: &mut Rig, call: Vec<Vec<u8>>) -> String {
    let reply = rig.call(KEYS, call).expect("no refusal");
    let Value::Array(items) = reply else { panic!("{reply:?}") };
    redis::from_redis_value(items[4].clone()).expect("a text")
}

/// A call that settles nothing.
fn fetch(held: u32, want: u32) -> Vec<Vec<u8>> {
    settle(held, want, args![0, 0, 0, 10, 0])
}

/// A call with these blocks.
fn settle(held: u32, want: u32, blocks: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    [head(held, want, 0), blocks].concat()
}

#[test]
fn refusals_change_nothing() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:running:w1 a 1:1", "ZADD jq:{q}:waiting 1 b"]);
    let completed = args![1, "completed", 0, -1, 1, "a", 0, 0, 10, 0];
    rig.refuses(
        KEYS,
        settle(2, 5, completed.clone()),
        "OUTOFSTEP the worker holds other jobs than it believes",
    );
    rig.given(["ZREM jq:{q}:workers w1"]);
    rig.refuses(
        KEYS,
        settle(1, 5, completed.clone()),
        "LEASELOST the worker is not known, or its lease ran out",
    );
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, settle(1, 5, completed), "LAYOUT 9 2");
}

#[test]
fn a_full_server_still_settles_and_fetches() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:running:w1 a 1:1",
        "ZADD jq:{q}:waiting 1 b",
        "HSET jq:{q}:jobs a r b r",
        "CONFIG SET maxmemory 1",
    ]);
    let completed = args![1, "completed", 10, -1, 1, "a", "o", 0, 0, 10, 0];
    rig.replies(
        KEYS,
        settle(1, 1, completed),
        "[1700000000000, 10001, 0, \"\", \"b\", [\"r\"], nil, nil, nil]",
    );
    rig.given(["CONFIG SET maxmemory 0"]);
    rig.holds(expect![[r#"
        jq:{q}:completed zset
          1700000000000 a
        jq:{q}:jobs hash
          a = r
          b = r
        jq:{q}:meta hash
          completed = 1
          events = 0
          layout = 2
        jq:{q}:outcomes hash
          a = o
        jq:{q}:running:w1 hash
          b = 1:1700000000000
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}
