//! `lua/job/record.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["running:w1", "listed", "meta"];

fn rig() -> Rig {
    let mut rig = crate::script::rig("job/record");
    rig.given(["HSET jq:{q}:running:w1 a 1:1"]);
    rig
}

fn step(name: &str, value: &str, drop: &str) -> Vec<Vec<u8>> {
    args![Rig::BASE, "a", name, 3, value, "", drop]
}

#[test]
fn notes_what_a_part_has_come_to() {
    let mut rig = rig();
    rig.replies(
        KEYS,
        args![Rig::BASE, "a", "fs", 3, "1 ", 5_000, ""],
        r#""1700000000000 1700000005000""#,
    );
    rig.replies(KEYS, step("s", "done", "fs"), r#""1700000000000""#);
    rig.replies(KEYS, step("s", "again", "none"), r#""1700000000000""#);
    rig.holds(expect![[r#"
        jq:{q}:listed set
          a
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:steps:a hash
          # = 1 22
          s = 3 1700000000000 again
    "#]]);
}

#[test]
fn there_is_room_for_a_thousand_of_four_mebibytes() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:steps:a # 1000~9 s old"]);
    rig.replies(KEYS, step("new", "v", ""), r#""full""#);
    rig.replies(KEYS, step("s", "v", ""), r#""1700000000000""#);
    rig.given(["HSET jq:{q}:steps:a # 5~4194300"]);
    rig.replies(KEYS, step("new", "v", ""), r#""full""#);
}

#[test]
fn refuses_a_worker_that_does_not_hold_the_job() {
    let mut rig = rig();
    rig.given(["DEL jq:{q}:running:w1"]);
    rig.refuses(KEYS, step("s", "v", ""), "LEASELOST the worker no longer holds this job");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, step("s", "v", ""), "LAYOUT 9 2");
}
