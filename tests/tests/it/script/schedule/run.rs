//! `lua/schedule/run.lua`

use expect_test::expect;
use jobqueue_tests::{
    raw::{Rig, Try, args},
    text,
};

const KEYS: &[&str] = &[
    "jobs",
    "waiting",
    "delayed",
    "completed",
    "failed",
    "priority",
    "uniques",
    "schedules",
    "ticks",
    "fired",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    let mut rig = crate::script::rig("schedule/run");
    rig.given([
        "HSET jq:{q}:schedules a ra",
        "ZADD jq:{q}:ticks 1700000060000 a",
        "HSET jq:{q}:meta ticks 1700000060000",
        "HSET jq:{q}:fired a 3,1,a:1",
        "HSET jq:{q}:jobs a:1 record",
        "ZADD jq:{q}:waiting 5 a:1",
    ]);
    rig
}

fn run(schedule: &str, job: &str, key: [&str; 2]) -> Vec<Vec<u8>> {
    args![Rig::BASE, "", 1, schedule, "", "", "", "a", job, "new", "", 0, "", key[0], key[1], ""]
}

#[test]
fn adds_a_job_and_leaves_the_tick() {
    let mut rig = rig();
    rig.replies(KEYS, run("a", "a:now", ["", "0"]), "\"1\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a:now
        jq:{q}:fired hash
          a = 4,1,a:now
        jq:{q}:jobs hash
          a:1 = record
          a:now = new
        jq:{q}:meta hash
          added = 1
          layout = 2
          newest = 1700000000001 a:now
          ticks = 1700000060000
        jq:{q}:schedules hash
          a = ra
        jq:{q}:ticks zset
          1700000060000 a
        jq:{q}:waiting zset
          5 a:1
          4505299627370497 a:now
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn one_that_is_gone_and_a_full_queue_add_nothing() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta max_length 1"]);
    let before = rig.dump();
    rig.replies(KEYS, run("none", "none:now", ["", "0"]), "\"0\"");
    rig.replies(KEYS, run("a", "a:now", ["", "0"]), "\"f\"");
    rig.dump().assert_unchanged_since(&before);
}

/// One call and its resend, which is answered alike and changes nothing.
fn twice(rig: &mut Rig, args: &[Vec<u8>]) -> String {
    let first = Try { number: 7, resend: false };
    let answer = rig.send(KEYS, args.to_vec(), first).expect("an answer");
    let after = rig.dump();
    let again = rig.send(KEYS, args.to_vec(), Try { resend: true, ..first });
    assert_eq!(again.as_ref(), Ok(&answer));
    rig.dump().assert_unchanged_since(&after);
    text::reply(&answer)
}

#[test]
fn what_becomes_of_a_job_whose_key_another_has_is_answered_as_an_add_answers_it() {
    let waits = "ZADD jq:{q}:waiting 6 other";
    let delayed = "ZADD jq:{q}:delayed 1700009999999 other";
    let runs = "HSET jq:{q}:running:w other 6:1700000000000";
    for (place, rule, answer, last) in [
        (waits, "0", " other", "a:1"),
        (waits, "60000", " other", "a:1"),
        (waits, "0r", "r other", "other"),
        (waits, "0k", "r other", "other"),
        (waits, "0d", "r other", "other"),
        (delayed, "0r", "r other", "other"),
        (delayed, "0d90000", "e other", "other"),
        (runs, "0", " other", "a:1"),
        (runs, "0r", " other", "a:1"),
        (runs, "0k", "n other", "a:now"),
        (runs, "0d", "n other", "a:now"),
    ] {
        for cap in ["max_length 99", "max_length 1"] {
            let mut rig = rig();
            rig.given([
                "HSET jq:{q}:jobs other old",
                "SET jq:{q}:unique:n\\nk other",
                "HSET jq:{q}:uniques other n\\nk",
                place,
                &format!("HSET jq:{{q}}:meta {cap}"),
            ]);
            let said = twice(&mut rig, &run("a", "a:now", ["n\\nk", rule]));
            let why = format!("{place} {rule} {cap}");
            if answer.starts_with('n') && cap == "max_length 1" {
                assert_eq!(said, "\"f\"", "{why}: it needs room");
                continue;
            }
            assert_eq!(said, format!("{answer:?}"), "{why}");
            let mut ask = |key: &str, field: &str| -> Option<String> {
                let mut get = redis::cmd("HGET");
                get.arg(format!("jq:{{q}}:{key}")).arg(field);
                get.query(rig.connection()).expect("an answer")
            };
            let fired = if answer.starts_with(' ') { 3 } else { 4 };
            assert_eq!(ask("fired", "a"), Some(format!("{fired},1,{last}")), "{why}");
            assert!(ask("jobs", last).is_some(), "{why}: the last job is there");
            let replaced = answer.starts_with(['r', 'e']);
            let record = if replaced { "new" } else { "old" };
            assert_eq!(ask("jobs", "other").as_deref(), Some(record), "{why}");
        }
    }
}
