//! `lua/job/steps.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta"];

fn rig() -> Rig {
    crate::script::rig("job/steps")
}

#[test]
fn answers_what_is_recorded_in_the_order_of_names() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "a", ""], "[1700000000000, [], [], 0]");
    rig.given(["HSET jq:{q}:steps:a sb 2 sa 1 @ 5 q0 x ! 7"]);
    rig.answers(
        KEYS,
        args![Rig::BASE, "a", ""],
        expect![[r#"
            1700000000000
            ["!", "@", "sa", "sb"]
            ["7", "5", "1", "2"]
            0
        "#]],
    );
    rig.answers(
        KEYS,
        args![Rig::BASE, "a", "sa"],
        expect![[r#"
        1700000000000
        ["sb"]
        ["2"]
        0
    "#]],
    );
}

#[test]
fn an_answer_has_a_mebibyte_at_most_or_one_field() {
    let mut rig = rig();
    for name in ["sa", "sb", "sc"] {
        let value = "x".repeat(600_000);
        rig.given([format!("HSET jq:{{q}}:steps:a {name} {value}").as_str()]);
    }
    let mut behind = String::new();
    for name in ["sa", "sb", "sc"] {
        let answer = rig.call(KEYS, args![Rig::BASE, "a", &behind]).expect("an answer");
        let redis::Value::Array(parts) = answer else { panic!("no array") };
        assert_eq!(parts[3], redis::Value::Int(i64::from(name != "sc")));
        assert_eq!(parts[1], redis::Value::Array(vec![redis::Value::BulkString(name.into())]));
        name.clone_into(&mut behind);
    }
}
