//! `lua/queue/scan_back.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["jobs", "meta"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("queue/scan_back");
    rig.given(["ZADD jq:{q}:failed 1 a 2 B 2 b 2 c 3 d", "HSET jq:{q}:jobs a ra b rb d rd"]);
    rig
}

/// A portion of two, before a place and down to another.
fn portion(before: [&str; 2], to: [&str; 2], records: u8) -> Vec<Vec<u8>> {
    args![Rig::BASE, "failed", 2, before[0], before[1], to[0], to[1], records]
}

const NONE: [&str; 2] = ["", ""];

#[test]
fn goes_backwards_from_place_to_place() {
    let mut rig = rig();
    let before = rig.dump();
    let first = r#"[["d", "c"], ["3", "2"], ["rd", nil], "1"]"#;
    rig.replies(KEYS, portion(NONE, NONE, 1), first);
    let next = r#"[["b", "B"], ["2", "2"], [], "1"]"#;
    rig.replies(KEYS, portion(["2", "c"], NONE, 0), next);
    rig.replies(KEYS, portion(["2", "B"], NONE, 1), r#"[["a"], ["1"], ["ra"], "0"]"#);
    rig.replies(KEYS, portion(["1", "a"], NONE, 1), r#"[[], [], [], "0"]"#);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn begins_before_a_score_and_ends_with_another() {
    let mut rig = rig();
    let inside = r#"[["c", "b"], ["2", "2"], [], "1"]"#;
    rig.replies(KEYS, portion(["3", ""], ["2", ""], 0), inside);
    rig.replies(KEYS, portion(["2", "b"], ["2", ""], 0), r#"[["B"], ["2"], [], "0"]"#);
    rig.replies(KEYS, portion(["1", ""], NONE, 0), r#"[[], [], [], "0"]"#);
    rig.replies(KEYS, portion(NONE, ["3", ""], 0), r#"[["d"], ["3"], [], "0"]"#);
}

#[test]
fn places_stay_when_their_jobs_have_gone() {
    let mut rig = rig();
    rig.given(["ZREM jq:{q}:failed c", "ZADD jq:{q}:failed 9 e"]);
    let left = r#"[["b", "B"], ["2", "2"], [], "1"]"#;
    rig.replies(KEYS, portion(["2", "c"], NONE, 0), left);
}

#[test]
fn of_an_empty_set_there_is_nothing() {
    let none = args![Rig::BASE, "completed", 2, "", "", "", "", 1];
    rig().replies(KEYS, none, r#"[[], [], [], "0"]"#);
}

#[test]
fn an_answer_has_a_mebibyte_of_records_or_one() {
    let mut rig = rig();
    let large = "x".repeat(700_000);
    let write = format!("HSET jq:{{q}}:jobs d {large} c {large} b r");
    rig.given([write.as_str(), "HSET jq:{q}:meta largest 700000"]);
    let first = format!(r#"[["d"], ["3"], ["{large}"], "1"]"#);
    rig.replies(KEYS, portion(NONE, NONE, 1), &first);
    let next = format!(r#"[["c", "b"], ["2", "2"], ["{large}", "r"], "1"]"#);
    rig.replies(KEYS, portion(["3", "d"], NONE, 1), &next);
}
