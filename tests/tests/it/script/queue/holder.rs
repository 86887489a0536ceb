//! `lua/queue/holder.lua`

use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["meta"];

fn rig() -> Rig {
    crate::script::rig("queue/holder")
}

#[test]
fn tells_who_has_a_key_and_who_follows() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "k"], r#"["", ""]"#);
    for (value, reply) in [
        ("a", r#"["a", ""]"#),
        ("a~1700000000000", r#"["a", ""]"#),
        ("a~-~0~b", r#"["a", "b"]"#),
        ("a~1700000000000~1700000000001~b", r#"["a", "b"]"#),
    ] {
        rig.given([format!("SET jq:{{q}}:unique:k {value}").as_str()]);
        rig.replies(KEYS, args![Rig::BASE, "k"], reply);
    }
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "k"], "LAYOUT 9 2");
}
