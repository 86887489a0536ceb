//! `lua/queue/scan.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["jobs", "meta"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("queue/scan");
    rig.given(["ZADD jq:{q}:waiting 1 a 2 B 2 b 2 c 3 d", "HSET jq:{q}:jobs a ra b rb d rd"]);
    rig
}

/// A portion of two, from a place to another.
fn portion(from: [&str; 2], to: [&str; 2], records: u8) -> Vec<Vec<u8>> {
    args![Rig::BASE, "waiting", 2, from[0], from[1], to[0], to[1], records]
}

const NONE: [&str; 2] = ["", ""];

#[test]
fn goes_from_place_to_place_to_the_end_that_there_was() {
    let mut rig = rig();
    let before = rig.dump();
    let first = r#"[["a", "B"], ["ra", nil], "2", "B", "3", "d"]"#;
    rig.replies(KEYS, portion(NONE, NONE, 1), first);
    let next = r#"[["b", "c"], [], "2", "c", "3", "d"]"#;
    rig.replies(KEYS, portion(["2", "B"], ["3", "d"], 0), next);
    rig.replies(KEYS, portion(["2", "c"], ["3", "d"], 1), r#"[["d"], ["rd"], "", "", "3", "d"]"#);
    rig.replies(KEYS, portion(["3", "d"], ["3", "d"], 1), r#"[[], [], "", "", "3", "d"]"#);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn places_stay_when_their_jobs_have_gone() {
    let mut rig = rig();
    rig.given(["ZREM jq:{q}:waiting B c d", "ZADD jq:{q}:waiting 2 z 9 e"]);
    let left = r#"[["b", "z"], [], "", "", "3", "d"]"#;
    rig.replies(KEYS, portion(["2", "B"], ["3", "d"], 0), left);
    rig.replies(KEYS, portion(["2", "c"], ["3", "d"], 0), r#"[["z"], [], "", "", "3", "d"]"#);
    rig.replies(KEYS, portion(["2", "zz"], ["3", "d"], 0), r#"[[], [], "", "", "3", "d"]"#);
}

#[test]
fn of_an_empty_set_there_is_nothing() {
    let none = args![Rig::BASE, "failed", 2, "", "", "", "", 1];
    rig().replies(KEYS, none, r#"[[], [], "", "", "", ""]"#);
}

#[test]
fn an_answer_has_a_mebibyte_of_records_or_one() {
    let mut rig = rig();
    let large = "x".repeat(700_000);
    let write = format!("HSET jq:{{q}}:jobs a {large} B {large} b r");
    rig.given([write.as_str(), "HSET jq:{q}:meta largest 700000"]);
    let first = format!(r#"[["a"], ["{large}"], "1", "a", "3", "d"]"#);
    rig.replies(KEYS, portion(NONE, NONE, 1), &first);
    let next = format!(r#"[["B", "b"], ["{large}", "r"], "2", "b", "3", "d"]"#);
    rig.replies(KEYS, portion(["1", "a"], ["3", "d"], 1), &next);
}
