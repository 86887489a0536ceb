//! `lua/outbox/apply.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "jobs",
    "waiting",
    "completed",
    "failed",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "sources",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    crate::script::rig("outbox/apply")
}

#[test]
fn takes_each_entry_once_however_often_it_comes() {
    let mut rig = rig();
    let both = || args![Rig::BASE, "orders", "", 2, "a", "ra", "b", "rb", "1-2", 0, "1-10", -5];
    rig.replies(KEYS, both(), "2");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          added = 2
          layout = 2
        jq:{q}:priority hash
          b = -5
        jq:{q}:sources hash
          orders = 1-10
        jq:{q}:waiting zset
          4483309394814976 b
          4505299627370496 a
        jq:{q}:wake list
          1
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, both(), "0");
    rig.replies(KEYS, args![Rig::BASE, "orders", "a", 1, "a", "ra", "1-2", 0], "0");
    rig.dump().assert_unchanged_since(&before);
    // 1-9 is before 1-10, though not as text.
    rig.replies(KEYS, args![Rig::BASE, "orders", "z", 1, "z", "rz", "1-9", 0], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn a_job_that_is_gone_again_is_not_put_in_a_second_time() {
    let mut rig = rig();
    let one = || args![Rig::BASE, "orders", "a", 1, "a", "ra", "5-0", 0];
    rig.replies(KEYS, one(), "1");
    rig.given(["DEL jq:{q}:jobs", "DEL jq:{q}:waiting"]);
    let before = rig.dump();
    rig.replies(KEYS, one(), "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn sources_are_counted_each_by_itself() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "orders", "a", 1, "a", "ra", "5-0", 0], "1");
    rig.replies(KEYS, args![Rig::BASE, "mails", "b", 1, "b", "rb", "3-0", 0], "1");
    rig.replies(
        KEYS,
        args![Rig::BASE, "orders", "a c", 2, "a", "ra", "c", "rc", "5-0", 0, "6-0", 0],
        "1",
    );
}

#[test]
fn a_finished_job_is_replaced_and_an_unfinished_one_stays() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2",
        "HSET jq:{q}:jobs a old b old",
        "ZADD jq:{q}:failed 1 a",
        "HSET jq:{q}:outcomes a o",
        "HSET jq:{q}:attempts a 3",
        "ZADD jq:{q}:waiting 7 b",
        "HSET jq:{q}:meta paused 1",
    ]);
    rig.replies(
        KEYS,
        args![Rig::BASE, "dlq", "a b", 2, "a", "new", "b", "new", "1-0", 0, "2-0", 0],
        "1",
    );
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a
        jq:{q}:jobs hash
          a = new
          b = old
        jq:{q}:meta hash
          added = 1
          layout = 2
          paused = 1
        jq:{q}:sources hash
          dlq = 2-0
        jq:{q}:waiting zset
          7 b
          4505299627370496 a
    "#]]);
}

#[test]
fn entries_taken_before_are_skipped_and_the_rest_is_answered_by_name() {
    let mut rig = rig();
    rig.replies(
        KEYS,
        args![Rig::BASE, "t", "a\tb", 2, "a", "ra", "b", "rb", "1-0", 0, "2-0", 0],
        "2",
    );
    let more = args![Rig::BASE, "t", "b\tc", 2, "b", "rb", "c", "rc", "2-0", 0, "3-0", 0];
    rig.replies(KEYS, more, "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a\tb
          added = c
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:meta hash
          added = 3
          layout = 2
        jq:{q}:sources hash
          t = 3-0
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
          4505299627370496 c
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn several_jobs_of_one_entry_come_together_and_an_id_that_comes_twice_counts_once() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:sources t 0-0"]);
    let call = args![
        Rig::BASE,
        "t",
        "",
        3,
        "a",
        "ra",
        "a",
        "other",
        "b",
        "rb",
        "1-0",
        0,
        "1-0",
        0,
        "1-0",
        0
    ];
    rig.replies(KEYS, call, "2");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a b
        jq:{q}:jobs hash
          a = ra
          b = rb
        jq:{q}:meta hash
          added = 2
          layout = 2
        jq:{q}:sources hash
          t = 1-0
        jq:{q}:waiting zset
          4505299627370496 a
          4505299627370496 b
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "orders", "a", 1, "a", "ra", "5-0", 0], "LAYOUT 9 2");
}

#[test]
fn the_queues_own_time_to_live_applies_to_new_jobs() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 events 0 ttl 500"]);
    rig.replies(KEYS, args![Rig::BASE, "orders", "a", 1, "a", "ra", "1-10", 0], "1");
    rig.holds(expect![[r#"
        jq:{q}:expiring zset
          1700000000500 a
        jq:{q}:jobs hash
          a = ra
        jq:{q}:meta hash
          added = 1
          events = 0
          expiring = 1
          layout = 2
          ttl = 500
        jq:{q}:sources hash
          orders = 1-10
        jq:{q}:waiting zset
          4505299627370496 a
        jq:{q}:wake list
          1
    "#]]);
}

/// The script records the source's position last, so a call that fails half-way has taken nothing
/// and can be repeated.
#[test]
fn a_key_of_a_wrong_type_costs_nothing() {
    let both = || args![Rig::BASE, "orders", "", 2, "a", "ra", "b", "rb", "1-2", 0, "1-10", -5];
    let mut undisturbed = rig();
    undisturbed.replies(KEYS, both(), "2");
    for column in ["waiting", "priority"] {
        let mut rig = rig();
        let key = format!("jq:{{q}}:{column}");
        rig.given([format!("SET {key} wrong").as_str()]);
        rig.call(KEYS, both()).expect_err("it isn't what it should be");
        rig.given([format!("DEL {key}").as_str()]);
        rig.replies(KEYS, both(), "2");
        rig.dump().assert_same_as(&undisturbed.dump());
    }
}

#[test]
fn notes_how_large_records_may_be() {
    let mut rig = rig();
    let large = "x".repeat(1_025);
    let call = args![Rig::BASE, "orders", "a b", 2, "a", "ra", "b", large, "1-1", 0, "1-2", 0];
    rig.replies(KEYS, call, "2");
    let noted = jobqueue_tests::raw::run(rig.connection(), "HGET jq:{q}:meta largest");
    assert_eq!(noted, redis::Value::BulkString(b"1025".to_vec()));
}

#[test]
fn jobs_with_tags_are_in_the_index_and_those_that_stay_keep_theirs() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs here old ended old",
        "ZADD jq:{q}:waiting 5 here",
        "ZADD jq:{q}:completed 5 ended",
        "HSET jq:{q}:tags here x ended y",
        "ZADD jq:{q}:tag:x 0 here",
        "ZADD jq:{q}:tag:y 0 ended",
        "HSET jq:{q}:meta tagged 1",
        "HSET jq:{q}:sources t 1-0",
    ]);
    let jobs = args![Rig::BASE, "t", "", 5, "old", "r", "here", "r", "ended", "r", "new", "r"];
    let jobs = [jobs, args!["new", "r", "1-0", 0, "2-0", 0, "3-0", 0, "4-0", 0, "5-0", -1]];
    let tags = args![1, "a", 2, "a", 3, "a\nb", 4, "a", 5, "c"];
    rig.replies(KEYS, [jobs.concat(), tags].concat(), "2");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = ended new
        jq:{q}:jobs hash
          ended = r
          here = old
          new = r
        jq:{q}:meta hash
          added = 2
          layout = 2
          tagged = 1
        jq:{q}:sources hash
          t = 5-0
        jq:{q}:tag:a zset
          0 ended
          0 new
        jq:{q}:tag:b zset
          0 ended
        jq:{q}:tag:x zset
          0 here
        jq:{q}:tags hash
          ended = a\nb
          here = x
          new = a
        jq:{q}:waiting zset
          5 here
          4505299627370496 ended
          4505299627370496 new
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn the_keys_of_its_jobs_are_noted() {
    let mut rig = rig();
    let record = crate::script::keyed("", "1 user:7");
    rig.replies(KEYS, args![Rig::BASE, "orders", "a", 1, "a", &*record, "1-2", 0], "1");
    rig.given(["DEL jq:{q}:jobs jq:{q}:events"]);
    rig.holds(expect![[r#"
        jq:{q}:keys_of hash
          a = 1 user:7
        jq:{q}:meta hash
          added = 1
          grouped = 2
          layout = 2
        jq:{q}:sources hash
          orders = 1-2
        jq:{q}:waiting zset
          4505299627370496 a
        jq:{q}:wake list
          1
    "#]]);
}
