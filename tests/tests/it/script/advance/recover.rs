//! Recovering: the runs of a worker whose lease ran out.

use super::{KEYS, fetch, rig};

#[test]
fn the_oldest_dead_workers_runs_go_back_to_where_they_were() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1699999990000 dead 1699999995000 dying",
        "HSET jq:{q}:running:dead a 5:1 b 6:1",
        "HSET jq:{q}:running:dying c 7:1",
        "HSET jq:{q}:stalls a 1",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 2, \"\", [], [], nil, nil, nil]");
    rig.holds(
        "
        jq:{q}:events stream
          stalled = a b
        jq:{q}:meta hash
          layout = 1
        jq:{q}:running:dying hash
          c = 7:1
        jq:{q}:stalls hash
          a = 2
          b = 1
        jq:{q}:waiting zset
          5 a
          6 b
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1699999995000 dying
          1700000010000 w1
        ",
    );
    // The next call takes the next.
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 0, 3, \"\", [], [], nil, nil, nil]");
    rig.holds(
        "
        jq:{q}:events stream
          stalled = a b
          stalled = c
        jq:{q}:meta hash
          layout = 1
        jq:{q}:stalls hash
          a = 2
          b = 1
          c = 1
        jq:{q}:waiting zset
          5 a
          6 b
          7 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
        ",
    );
}

#[test]
fn one_without_runs_is_forgotten_and_ones_own_late_lease_is_kept() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1 1699999990000 dead", "HSET jq:{q}:running:w1 a 5:1"]);
    rig.replies(KEYS, fetch(1, 0), "[1700000000000, 0, 0, \"\", [], [], nil, nil, nil]");
    rig.holds(
        "
        jq:{q}:meta hash
          events = 0
          layout = 1
        jq:{q}:running:w1 hash
          a = 5:1
        jq:{q}:workers zset
          1700000010000 w1
        ",
    );
}
