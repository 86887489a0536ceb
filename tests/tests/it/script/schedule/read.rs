//! `lua/schedule/read.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["schedules", "ticks", "fired", "marks", "owners"];

fn rig() -> Rig {
    crate::script::rig("schedule/read")
}

#[test]
fn answers_all_that_is_known() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:schedules a ra b rb",
        "ZADD jq:{q}:ticks 1700000001000 a",
        "HSET jq:{q}:fired a 1,0,a:1",
        "HSET jq:{q}:marks b paused",
        "HSET jq:{q}:owners b billing",
    ]);
    rig.replies(
        KEYS,
        args!["a", "none", "b"],
        r#"[1700000000000, "ra", "1700000001000", "1,0,a:1", nil, nil, nil, nil, nil, nil, nil, "rb", nil, nil, "paused", "billing"]"#,
    );
}

#[test]
fn what_does_not_fit_comes_in_the_next_answer() {
    let mut rig = rig();
    let large = "x".repeat(600_000);
    for id in ["a", "b", "c"] {
        rig.given([format!("HSET jq:{{q}}:schedules {id} {large}").as_str()]);
    }
    let answer = rig.call(KEYS, args!["a", "b", "c"]).expect("an answer");
    let redis::Value::Array(items) = answer else { panic!("no array") };
    assert_eq!(items.len(), 1 + 2 * 5);
}
