//! `lua/flow/remove.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::started;

const KEYS: &[&str] = &["flows", "meta"];

fn rig() -> Rig {
    // rig("flow/remove")
    started("flow/remove", "f")
}

#[test]
fn one_that_has_ended_is_forgotten() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:flow:F state failed",
        "ZADD jq:{q}:flows:ended 1 F",
        "ZADD jq:{q}:ticks 1 flow~F",
        "HSET jq:{q}:meta ticks 1",
        "HSET jq:{q}:flow:G state running",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "F"], r#""""#);
    rig.holds(expect![[r#"
        jq:{q}:flow:G hash
          state = running
        jq:{q}:meta hash
          layout = 2
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F"], r#""""#);
    rig.dump().assert_unchanged_since(&before);
}

/// Another has its id.
#[test]
fn the_id_of_another_stays() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:flow:F state failed", "HSET jq:{q}:flows f G"]);
    rig.replies(KEYS, args![Rig::BASE, "F"], r#""""#);
    assert!(rig.dump().to_string().contains("f = G"));
}

#[test]
fn one_that_runs_stays() {
    let mut rig = rig();
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F"], r#""running""#);
    rig.dump().assert_unchanged_since(&before);
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, args![Rig::BASE, "F"], "LAYOUT 0 2");
}

/// Its results are still to be read.
#[test]
fn one_that_belongs_to_another_or_to_a_job_stays_as_long_as_that() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:flow:F state completed parent G.0.0",
        "HSET jq:{q}:flow:G state completed",
        "HSET jq:{q}:flow:H state completed parent =job~children",
        "HSET jq:{q}:children job H~",
    ]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "F"], r#""node""#);
    rig.replies(KEYS, args![Rig::BASE, "H"], r#""children""#);
    rig.dump().assert_unchanged_since(&before);
    rig.given(["DEL jq:{q}:flow:G", "DEL jq:{q}:children"]);
    rig.replies(KEYS, args![Rig::BASE, "F"], r#""""#);
    rig.replies(KEYS, args![Rig::BASE, "H"], r#""""#);
}
