//! `lua/queue/history.lua`

use expect_test::expect;
use jobqueue_tests::{
    raw::{NOW, Rig, args},
    text::reply,
};
use redis::Value;

const KEYS: &[&str] = &["meta", "history", "history:1m", "history:10m", "history:1h", "deploys"];

const HOUR: u64 = 3_600_000;

fn rig() -> Rig {
    let mut rig = crate::script::rig("queue/history");
    rig.given(["HSET jq:{q}:meta layout 2"]);
    rig
}

/// How long ago, as the script reads it.
fn ago(ms: u64) -> String {
    format!("-{ms}")
}

#[test]
fn answers_what_is_open_and_the_chunks_of_a_time() {
    let mut rig = rig();
    let chunk = NOW / HOUR;
    let set = |back: u64| format!("HSET jq:{{q}}:history:1m {}~send before{back}", chunk - back);
    rig.given(["HSET jq:{q}:history @ 7"]);
    rig.given([0, 1, 2, 5].map(set).iter().map(String::as_str));
    let before = rig.dump();
    let mut both = |from: String, to: String| {
        let Ok(Value::Array(items)) = rig.call(KEYS, args![1, "send", from, to]) else {
            panic!("an answer")
        };
        reply(&items[2])
    };
    let found = |backs: &[u64]| {
        let each = |back: &u64| format!("[{}, \"before{back}\"]", chunk - back);
        format!("[{}]", backs.iter().map(each).collect::<Vec<_>>().join(", "))
    };
    assert_eq!(both(ago(2 * HOUR), "0".into()), found(&[2, 1, 0]));
    assert_eq!(both(ago(0), "0".into()), found(&[0]));
    assert_eq!(both(ago(5 * HOUR), ago(2 * HOUR)), found(&[5, 2]));
    assert_eq!(both((NOW - HOUR).to_string(), (NOW - HOUR).to_string()), found(&[1]));
    assert_eq!(both(ago(HOUR), (NOW + 9 * HOUR).to_string()), found(&[1, 0]), "none are to come");
    assert_eq!(both(ago(0), ago(HOUR)), "[]");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn each_resolution_has_its_own_key_and_no_more_chunks_than_are_kept_are_read() {
    let mut rig = rig();
    for (at, key, minutes, kept) in [(1, "1m", 60, 25), (2, "10m", 1_440, 8), (3, "1h", 14_400, 10)]
    {
        let newest = NOW / (minutes * 60_000);
        for back in [0, kept, kept + 1] {
            let set = format!("HSET jq:{{q}}:history:{key} {}~ of{back}", newest - back);
            rig.given([set.as_str()]);
        }
        let Ok(Value::Array(items)) = rig.call(KEYS, args![at, "", ago(NOW - 1), 0]) else {
            panic!("an answer")
        };
        let expected = format!("[[{}, \"of{kept}\"], [{newest}, \"of0\"]]", newest - kept);
        assert_eq!(reply(&items[2]), expected, "{key}");
    }
}

#[test]
fn a_queue_without_a_history_has_none() {
    let mut rig = rig();
    rig.answers(
        KEYS,
        args![3, "", ago(HOUR), 0],
        expect![[r#"
        1700000000000
        []
        []
        []
    "#]],
    );
    rig.given(["DEL jq:{q}:meta"]);
    rig.replies(KEYS, args![1, "send", ago(HOUR), 0], "[1700000000000, [], [], []]");
}

#[test]
fn answers_which_versions_came_in_their_order() {
    let mut rig = rig();
    rig.given(["RPUSH jq:{q}:deploys first second"]);
    rig.replies(
        KEYS,
        args![1, "", ago(HOUR), 0],
        r#"[1700000000000, [], [], ["first", "second"]]"#,
    );
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![1, "", 0, 0], "LAYOUT 9 2");
}
