//! Promoting: a due job gets the rank of its due time and priority.

use std::fmt::Write as _;

use expect_test::expect;
use jobqueue_tests::raw::run;
use redis::Value;

use super::{KEYS, fetch, rig};

#[test]
fn the_rank_is_made_of_priority_and_due_time() {
    // The aging of the queue, the job's priority, and its rank if it was due a second ago.
    let cases = [
        ("", "", "4505299627369496"),
        ("", "-1", "4500901580858392"),
        ("", "1023", "9004501208228888"),
        ("", "-1024", "1699999999000"),
        ("60000", "", "1700061439000"),
        ("60000", "-2", "1700061319000"),
    ];
    for (aging, priority, rank) in cases {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:delayed 1699999999000 a"]);
        if !aging.is_empty() {
            run(rig.connection(), &format!("HSET jq:{{q}}:meta aging {aging}"));
        }
        if !priority.is_empty() {
            run(rig.connection(), &format!("HSET jq:{{q}}:priority a {priority}"));
        }
        rig.call(KEYS, fetch(0, 0)).expect("an answer");
        let found = run(rig.connection(), "ZSCORE jq:{q}:waiting a");
        assert_eq!(found, Value::BulkString(rank.into()), "aging {aging:?}, priority {priority:?}");
    }
}

#[test]
fn jobs_due_later_stay_and_the_reply_says_when_the_first_is_due() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000000001 a 1700000000002 b"]);
    rig.replies(KEYS, fetch(0, 5), r#"[1700000000000, 1, 0, "", "", [], nil, nil, nil]"#);
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000000001 a
          1700000000002 b
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_paused_queue_promotes_too() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:delayed 1700000000000 a", "HSET jq:{q}:meta paused 1"]);
    rig.replies(KEYS, fetch(0, 5), r#"[1700000000000, 10001, 1, "paused", "", [], nil, nil, nil]"#);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
          paused = 1
        jq:{q}:waiting zset
          4505299627370496 a
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_thousand_a_call_the_earliest_first() {
    let mut rig = rig();
    let mut add = "ZADD jq:{q}:delayed".to_owned();
    for n in 0..1_005 {
        let _ = write!(add, " {} job{n:04}", 1_699_999_000_000_u64 + n);
    }
    rig.given([add.as_str()]);
    // Nothing to wait for: the rest is due as well.
    rig.replies(KEYS, fetch(0, 0), r#"[1700000000000, 0, 1000, "", "", [], nil, nil, nil]"#);
    let rest = run(rig.connection(), "ZRANGE jq:{q}:delayed 0 -1");
    let names = (1_000..1_005).map(|n| Value::BulkString(format!("job{n}").into())).collect();
    assert_eq!(rest, Value::Array(names));
    rig.replies(KEYS, fetch(0, 0), r#"[1700000000000, 10001, 1005, "", "", [], nil, nil, nil]"#);
}
