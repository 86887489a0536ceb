//! `lua/schedule/look.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["schedules", "ticks", "fired", "ticking", "meta"];

fn rig() -> Rig {
    crate::script::rig("schedule/look")
}

fn three(rig: &mut Rig) {
    rig.given([
        "HSET jq:{q}:schedules a ra b rb c rc d rd",
        "ZADD jq:{q}:ticks 1699999999000 a 1700000000000 b 1700000000001 c 1700000060000 d",
        "HSET jq:{q}:fired b 3,1,b:1699999990000",
    ]);
}

#[test]
fn answers_what_is_due_and_looks_after_the_ticks() {
    let mut rig = rig();
    three(&mut rig);
    rig.answers(
        KEYS,
        args!["w1", "0", "10"],
        expect![[r#"
        1700000000000
        nil
        "1700000000001"
        "a"
        "1699999999000"
        "ra"
        nil
        "b"
        "1700000000000"
        "rb"
        "3,1,b:1699999990000"
    "#]],
    );
    rig.answers(
        KEYS,
        args!["w1", "1", "10"],
        expect![[r#"
        1700000000000
        nil
        "1700000000001"
        "b"
        "1700000000000"
        "rb"
        "3,1,b:1699999990000"
    "#]],
    );
    rig.answers(
        KEYS,
        args!["w1", "0", "1"],
        expect![[r#"
        1700000000000
        nil
        "1700000000001"
        "a"
        "1699999999000"
        "ra"
        nil
    "#]],
    );
    rig.holds(expect![[r#"
        jq:{q}:fired hash
          b = 3,1,b:1699999990000
        jq:{q}:schedules hash
          a = ra
          b = rb
          c = rc
          d = rd
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1699999999000 a
          1700000000000 b
          1700000000001 c
          1700000060000 d
    "#]]);
}

#[test]
fn another_worker_hears_how_long_one_looks_after_them() {
    let mut rig = rig();
    three(&mut rig);
    rig.given(["SET jq:{q}:ticking w1"]);
    // Without an expiry, which the server's own clock would make vary.
    rig.replies(KEYS, args!["w2", "0", "10"], r#"[1700000000000, -1, "1700000000001"]"#);
}

#[test]
fn without_ticks_there_is_nothing_to_look_after() {
    let mut rig = rig();
    rig.replies(KEYS, args!["w1", "0", "10"], "[1700000000000, nil, nil]");
    rig.holds(expect![[r#""#]]);
}

#[test]
fn large_rules_come_in_several_answers() {
    let mut rig = rig();
    let large = "x".repeat(400_000);
    for at in 0..200 {
        rig.given([
            format!("HSET jq:{{q}}:schedules s{at:03} {large}").as_str(),
            format!("ZADD jq:{{q}}:ticks 1700000000000 s{at:03}").as_str(),
        ]);
    }
    let answer = rig.call(KEYS, args!["w1", "0", "1000"]).expect("an answer");
    let redis::Value::Array(items) = answer else { panic!("no array") };
    assert_eq!(items.len(), 3 + 4 * 50, "as many as were read at once");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["w1", "0", "10"], "LAYOUT 9 2");
}
