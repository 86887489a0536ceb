//! `lua/worker/leave.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["workers", "running:w1", "waiting", "meta", "events", "wake"];

fn rig() -> Rig {
    super::rig("worker/leave")
}

#[test]
fn hands_back_what_is_held_to_where_it_was() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1 2 other",
        "HSET jq:{q}:running:w1 a 4505299627370496:1700000000000 b 7:8",
    ]);
    rig.replies(KEYS, args!["w1"], "2");
    rig.holds(
        "
        jq:{q}:events stream
          released = a b
        jq:{q}:waiting zset
          7 b
          4505299627370496 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          2 other
        ",
    );
}

#[test]
fn with_nothing_held_only_the_lease_goes() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1"]);
    rig.replies(KEYS, args!["w1"], "0");
    rig.holds("");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig.refuses(KEYS, args!["w1"], "LAYOUT 2 1");
}
