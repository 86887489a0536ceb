//! `lua/job/priority.lua`

use expect_test::expect;
use jobqueue_tests::raw::{NOW, Rig, args, run};
use redis::Value;

const KEYS: &[&str] = &["waiting", "delayed", "completed", "failed", "workers", "priority", "meta"];

fn rig() -> Rig {
    crate::script::rig("job/priority")
}

#[test]
fn moves_a_waiting_job_and_back() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 4505299627370496 a"]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "a", -1], "1");
    rig.holds(expect![[r#"
        jq:{q}:priority hash
          a = -1
        jq:{q}:waiting zset
          4500901580859392 a
    "#]]);
    rig.replies(KEYS, args![Rig::BASE, "a", 0], "1");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn moves_a_job_within_its_lane() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:lane_of a mail b mail",
        "ZADD jq:{q}:lanes 4505299627370496 mail",
        "ZADD jq:{q}:lane:mail 4505299627370496 a 4505299627370497 b",
        "ZADD jq:{q}:waiting -4501899627370496 a -4501899627370495 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "b", -1], "1");
    rig.holds(expect![[r#"
        jq:{q}:lane:mail zset
          4500901580859392 b
          4505299627370496 a
        jq:{q}:lane_of hash
          a = mail
          b = mail
        jq:{q}:lanes zset
          4500901580859392 mail
        jq:{q}:priority hash
          b = -1
        jq:{q}:waiting zset
          -4506297673881600 b
          -4501899627370496 a
    "#]]);
}

#[test]
fn is_noted_for_a_delayed_and_an_active_job() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:delayed 5 a",
        "ZADD jq:{q}:workers 1 w",
        "HSET jq:{q}:running:w b 1:1",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "a", 7], "1");
    rig.replies(KEYS, args![Rig::BASE, "b", -7], "1");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          5 a
        jq:{q}:priority hash
          a = 7
          b = -7
        jq:{q}:running:w hash
          b = 1:1
        jq:{q}:workers zset
          1 w
    "#]]);
}

#[test]
fn a_rank_of_another_priority_becomes_that_of_the_new_one() {
    // The priority changed while the job was active, the job went back, and it changed again: the
    // rank is still that of priority 0, not that of the column.
    for (column, priority, rank) in
        [(1023, -1024, "1700000000000"), (-1024, 1023, "9004501208229888")]
    {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:waiting 4505299627370000 a"]);
        rig.given([format!("HSET jq:{{q}}:priority a {column}").as_str()]);
        rig.replies(KEYS, args![Rig::BASE, "a", priority], "1");
        let found = run(rig.connection(), "ZSCORE jq:{q}:waiting a");
        assert_eq!(found, Value::BulkString(rank.into()), "{column}, then {priority}");
    }
}

#[test]
fn a_rank_of_another_aging_begins_anew() {
    // The aging when the job was added, the aging now, and the job's rank under its priority.
    let cases = [("60000", "", "-1", "4500901580859392"), ("", "60000", "-1", "1700061380000")];
    for (then, now, priority, rank) in cases {
        let mut rig = rig();
        let step: u64 = if then.is_empty() { 1 << 42 } else { then.parse().expect("a number") };
        let before = 1024 * step + NOW;
        rig.given([format!("ZADD jq:{{q}}:waiting {before} a").as_str()]);
        if !now.is_empty() {
            rig.given([format!("HSET jq:{{q}}:meta aging {now}").as_str()]);
        }
        rig.replies(KEYS, args![Rig::BASE, "a", priority], "1");
        let found = run(rig.connection(), "ZSCORE jq:{q}:waiting a");
        assert_eq!(found, Value::BulkString(rank.into()), "aging {then:?}, then {now:?}");
    }
}

#[test]
fn refuses_a_finished_job() {
    let mut rig = rig();
    rig.refuses(KEYS, args![Rig::BASE, "a", 1], "NOTFOUND no such job");
    rig.given(["ZADD jq:{q}:failed 1 a"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 1], "WRONGSTATE failed");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "a", 1], "LAYOUT 9 2");
}
