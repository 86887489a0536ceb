//! `lua/worker/join.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] =
    &["workers", "running:w1", "running:w0", "jobs", "attempts", "stalls", "misses", "meta"];

fn rig() -> Rig {
    super::rig("worker/join")
}

#[test]
fn a_first_join_marks_the_layout_and_the_limits_of_the_code() {
    let mut rig = rig();
    rig.replies(KEYS, args!["w1", "", 10000, "10 5", "3"], "[[], [], [], nil, nil, nil]");
    rig.holds(
        "
        jq:{q}:meta hash
          active = 3
          layout = 1
          rate = 10 5
        jq:{q}:workers zset
          1700000010000 w1
        ",
    );
}

#[test]
fn takes_over_what_an_old_name_held() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w0",
        "HSET jq:{q}:running:w0 a 1:1 b 2:2 c 3:3",
        "HSET jq:{q}:jobs a ra b rb c rc",
        "HSET jq:{q}:attempts c 2",
    ]);
    rig.replies(
        KEYS,
        args!["w1", "w0", 10000, "", "", "a", "gone"],
        "[[\"a\"], [\"b\", \"c\"], [\"rb\", \"rc\"], [nil, \"2\"], [nil, nil], [nil, nil]]",
    );
    rig.holds(
        "
        jq:{q}:attempts hash
          c = 2
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:meta hash
          layout = 1
        jq:{q}:running:w1 hash
          a = 1:1
          b = 2:2
          c = 3:3
        jq:{q}:workers zset
          1700000010000 w1
        ",
    );
    // Sent twice, as when its reply was lost, it does no harm.
    rig.replies(
        KEYS,
        args!["w1", "w0", 10000, "", "", "a", "gone"],
        "[[\"a\"], [\"b\", \"c\"], [\"rb\", \"rc\"], [nil, \"2\"], [nil, nil], [nil, nil]]",
    );
}

#[test]
fn an_operators_limit_wins_over_the_codes() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 1 rate 7 rate_by operator active 9"]);
    rig.replies(KEYS, args!["w1", "", 10000, "10 5", ""], "[[], [], [], nil, nil, nil]");
    rig.holds(
        "
        jq:{q}:meta hash
          layout = 1
          rate = 7
          rate_by = operator
        jq:{q}:workers zset
          1700000010000 w1
        ",
    );
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig.refuses(KEYS, args!["w1", "", 10000, "", ""], "LAYOUT 2 1");
}
