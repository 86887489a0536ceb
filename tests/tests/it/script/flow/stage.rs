//! `lua/flow/stage.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::staging;

const KEYS: &[&str] = &["flows", "meta"];

fn rig() -> Rig {
    crate::script::rig("flow/stage")
}

fn first_part() -> Vec<Vec<u8>> {
    args![
        Rig::BASE,
        "F",
        60_000,
        1,
        2,
        "0.0",
        "a",
        "0.1",
        "b",
        1,
        "0",
        "2 f 0 - - - leaves 1 -",
        2,
        0,
        "leaf",
    ]
}

fn last_part() -> Vec<Vec<u8>> {
    args![
        Rig::BASE,
        "F",
        60_000,
        0,
        1,
        "1.0",
        "c",
        1,
        "1",
        "1 f -5 - - - tops - 0",
        1,
        1,
        "top",
        "f",
        "nodes",
        3,
        "groups",
        2,
        "root",
        1,
        "many",
        0,
        "keep",
        9_000,
        "keep_failed",
        90_000,
    ]
}

#[test]
fn a_flow_is_seen_with_its_last_part() {
    let mut rig = rig();
    let part = first_part();
    rig.replies(KEYS, part.clone(), "0");
    rig.holds(expect![[r#"
        jq:{q}:flow:F:groups hash, expires
          0 = 2 f 0 - - - leaves 1 -
        jq:{q}:flow:F:left hash, expires
          0 = 2
        jq:{q}:flow:F:names hash, expires
          0 = leaf
        jq:{q}:flow:F:records hash, expires
          0.0 = a
          0.1 = b
    "#]]);
    // It comes twice.
    rig.replies(KEYS, part, "0");
    let last = last_part();
    rig.replies(KEYS, last.clone(), "1");
    rig.holds(expect![[r#"
        jq:{q}:flow:F hash
          created = 1700000000000
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          left = 3
          many = 0
          nodes = 3
          root = 1
          state = running
        jq:{q}:flow:F:groups hash
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:left hash
          0 = 2
          1 = 1
        jq:{q}:flow:F:names hash
          0 = leaf
          1 = top
        jq:{q}:flow:F:records hash
          0.0 = a
          0.1 = b
          1.0 = c
        jq:{q}:flow:F:sent hash
          0 = 2
        jq:{q}:flow:F:waits hash
          1 = 1
        jq:{q}:flow:ids hash
          F = f
        jq:{q}:flows hash
          f = F
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = leaves, id = F.0.0@, priority = 0, record = a, more = 6 1 F.0.1@b
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, last, "1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn one_of_an_id_is_started_once() {
    let mut rig = rig();
    rig.replies(KEYS, staging("f", &[]), "1");
    let before = rig.dump();
    let mut other = staging("f", &[]);
    other[1] = b"G".to_vec();
    rig.replies(KEYS, other.clone(), "2");
    rig.given([
        "DEL jq:{q}:flow:G jq:{q}:flow:G:groups jq:{q}:flow:G:records jq:{q}:flow:G:left",
        "DEL jq:{q}:flow:G:waits jq:{q}:flow:G:names",
    ]);
    rig.dump().assert_unchanged_since(&before);
    // Its time is up: another takes its place.
    rig.given(["DEL jq:{q}:flow:F"]);
    rig.replies(KEYS, other, "1");
}

#[test]
fn what_another_has_staged_before_is_left_out() {
    let mut rig = rig();
    let mut before = first_part();
    // It had one more node.
    before[4] = b"3".to_vec();
    before.splice(9..9, args!["0.2", "z"]);
    rig.replies(KEYS, before, "0");
    rig.replies(KEYS, first_part(), "0");
    rig.replies(KEYS, last_part(), "1");
}

#[test]
fn a_part_that_is_missing_is_noticed() {
    let mut rig = rig();
    let last = args![
        Rig::BASE,
        "F",
        60_000,
        0,
        1,
        "1.0",
        "c",
        1,
        "1",
        "1 f -5 - - - tops - 0",
        1,
        1,
        "top",
        "f",
        "nodes",
        3,
        "groups",
        2,
        "root",
        1,
        "many",
        0,
        "keep",
        9_000,
        "keep_failed",
        90_000,
    ];
    rig.refuses(KEYS, last, "LAPSED parts of the flow are missing");
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, staging("f", &[]), "LAYOUT 0 2");
}

#[test]
fn a_deadline_stands_among_the_ticks() {
    for (field, value) in [("deadline", 1_700_000_001_000), ("time", 1_000)] {
        let mut rig = rig();
        rig.given(["SET jq:{q}:ticking other", "HSET jq:{q}:meta ticks 1700000900000"]);
        rig.given(["ZADD jq:{q}:ticks 1700000900000 s"]);
        rig.replies(KEYS, staging("f", &[(field, value)]), "1");
        let dump = rig.dump().to_string();
        for line in ["1700000001000 flow F", "ticks = 1700000001000", "deadline = 1700000001000"] {
            assert!(dump.contains(line), "{dump}");
        }
        assert!(!dump.contains("ticking") && dump.contains(":wake"), "{dump}");
    }
}

#[test]
fn a_flow_of_nothing_ends_as_it_starts() {
    let mut rig = rig();
    let nothing = args![
        Rig::BASE,
        "F",
        60_000,
        1,
        0,
        0,
        "f",
        "nodes",
        0,
        "groups",
        0,
        "root",
        "",
        "many",
        0,
        "keep",
        9_000,
        "keep_failed",
        90_000,
        "complete",
        "q 0 c",
        "success",
        "q 0 s",
        "death",
        "q 0 d",
    ];
    rig.replies(KEYS, nothing, "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          flow = F
        jq:{q}:flow:F hash, expires
          created = 1700000000000
          death = q 0 d
          ended = 1700000000000
          groups = 0
          id = f
          keep = 9000
          keep_failed = 90000
          left = 0
          many = 0
          nodes = 0
          root = ""
          state = completed
        jq:{q}:flow:ids hash
          F = f
        jq:{q}:flows hash
          f = F
        jq:{q}:flows:ended zset
          1700000000000 F
        jq:{q}:flows:kept zset
          1700000009000 F
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = q, id = F.complete, priority = 0, record = c
          to = q, id = F.success, priority = 0, record = s
    "#]]);
}
