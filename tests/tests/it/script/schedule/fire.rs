//! `lua/schedule/fire.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

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
    "ticking",
    "meta",
    "events",
    "wake",
];

fn rig() -> Rig {
    let mut rig = crate::script::rig("schedule/fire");
    rig.given([
        "HSET jq:{q}:schedules a ra b rb",
        "ZADD jq:{q}:ticks 1700000000000 a 1700000000000 b",
    ]);
    rig
}

/// What becomes of one tick: schedule, this, next, limit, overlap, job, then record, due, priority,
/// time to live, unique key and its rule.
fn tick(words: [&str; 6]) -> Vec<Vec<u8>> {
    let job = ["record", "", "0", "", "", "0", ""];
    words.iter().chain(&job).map(|word| word.as_bytes().to_vec()).collect()
}

fn call(ticks: &[Vec<Vec<u8>>]) -> Vec<Vec<u8>> {
    let mut all = args![Rig::BASE, "w1", ticks.len().to_string()];
    all.extend(ticks.iter().flatten().cloned());
    all
}

#[test]
fn adds_the_job_of_a_tick_once() {
    let mut rig = rig();
    let first = call(&[tick(["a", "1700000000000", "1700000060000", "", "s", "a:1700000000000"])]);
    rig.replies(KEYS, first.clone(), "\"1\"");
    rig.replies(KEYS, first, "\"0\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a:1700000000000
        jq:{q}:fired hash
          a = 1,0,a:1700000000000
        jq:{q}:jobs hash
          a:1700000000000 = record
        jq:{q}:meta hash
          added = 1
          layout = 2
          newest = 1700000000001 a:1700000000000
          ticks = 1700000000000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000000000 b
          1700000060000 a
        jq:{q}:waiting zset
          4505299627370497 a:1700000000000
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn many_schedules_and_many_ticks_of_one_go_in_a_call() {
    let mut rig = rig();
    let ticks = [
        tick(["a", "1700000000000", "1700000060000", "", "a", "a:1"]),
        tick(["a", "1700000060000", "1700000120000", "", "a", "a:2"]),
        tick(["b", "1700000000000", "1700000060000", "", "s", "b:1"]),
        tick(["b", "1700000060000", "1700000120000", "", "s", "b:2"]),
        tick(["b", "1700000120000", "", "", "s", ""]),
        tick(["none", "1700000000000", "1", "", "s", "none:1"]),
    ];
    rig.replies(KEYS, call(&ticks), "\"111s-0\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a:1 a:2 b:1
        jq:{q}:fired hash
          a = 2,0,a:2
          b = 1,2,b:1
        jq:{q}:jobs hash
          a:1 = record
          a:2 = record
          b:1 = record
        jq:{q}:meta hash
          added = 3
          layout = 2
          newest = 1700000000001 b:1
          ticks = 1700000120000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000120000 a
        jq:{q}:waiting zset
          4505299627370497 a:1
          4505299627370497 a:2
          4505299627370497 b:1
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_tick_is_left_out_while_the_last_job_waits_or_runs() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:fired a 1,0,last b 1,0,done",
        "HSET jq:{q}:jobs last x done x",
        "ZADD jq:{q}:completed 1 done",
    ]);
    let ticks = [
        tick(["a", "1700000000000", "1700000060000", "", "s", "a:1"]),
        tick(["b", "1700000000000", "1700000060000", "", "s", "b:1"]),
    ];
    rig.replies(KEYS, call(&ticks), "\"s1\"");
    rig.holds(expect![[r#"
        jq:{q}:completed zset
          1 done
        jq:{q}:events stream
          added = b:1
        jq:{q}:fired hash
          a = 1,1,last
          b = 2,0,b:1
        jq:{q}:jobs hash
          b:1 = record
          done = x
          last = x
        jq:{q}:meta hash
          added = 1
          layout = 2
          newest = 1700000000001 b:1
          ticks = 1700000060000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000060000 a
          1700000060000 b
        jq:{q}:waiting zset
          4505299627370497 b:1
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_tick_waits_in_line_for_the_end_of_the_last_job() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:fired a 1,0,last", "HSET jq:{q}:jobs last x"]);
    let held = call(&[tick(["a", "1700000000000", "1700000060000", "", "l", "a:1"])]);
    rig.replies(KEYS, held.clone(), "\"l\"");
    rig.given(["ZADD jq:{q}:cancelled 1 last"]);
    rig.replies(KEYS, held, "\"1\"");
}

/// A mark: ten are kept, for ever, with the handler's grace.
const CANCEL: &str = "c10 -1 -1 outcome";

#[test]
fn a_tick_cancels_the_last_job_that_waits_and_adds_its_own() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:fired a 1,0,last b 1,0,later",
        "HSET jq:{q}:jobs last x later x",
        "ZADD jq:{q}:waiting 5 last",
        "ZADD jq:{q}:delayed 1700009999999 later",
        "HSET jq:{q}:uniques last key",
        "SET jq:{q}:unique:key last",
        // The one that is cancelled makes room.
        "HSET jq:{q}:meta max_length 2",
    ]);
    let mut a = tick(["a", "1700000000000", "1700000060000", "", CANCEL, "a:1"]);
    (a[10], a[11]) = (b"key".to_vec(), b"0".to_vec());
    let b = tick(["b", "1700000000000", "1700000060000", "", CANCEL, "b:1"]);
    rig.replies(KEYS, call(&[a, b]), "\"11\"");
    rig.holds(expect![[r#"
        jq:{q}:cancelled zset
          1700000000000 last
          1700000000000 later
        jq:{q}:events stream
          cancelled = last
          cancelled = later
          added = a:1 b:1
        jq:{q}:fired hash
          a = 2,0,a:1
          b = 2,0,b:1
        jq:{q}:jobs hash
          a:1 = record
          b:1 = record
          last = x
          later = x
        jq:{q}:meta hash
          added = 2
          cancelled = 2
          layout = 2
          max_length = 2
          newest = 1700000000001 b:1
          ticks = 1700000060000
        jq:{q}:outcomes hash
          last = outcome
          later = outcome
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000060000 a
          1700000060000 b
        jq:{q}:unique:key string
          a:1
        jq:{q}:uniques hash
          a:1 = key
          last = key
        jq:{q}:waiting zset
          4505299627370497 a:1
          4505299627370497 b:1
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_tick_has_the_last_job_that_runs_cancelled_and_adds_its_own() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:fired a 1,0,last b 1,0,done",
        "HSET jq:{q}:jobs last x done x",
        "ZADD jq:{q}:workers 1700000009999 w1 1700000009999 w2",
        "HSET jq:{q}:running:w2 last 5:1700000000000",
        "ZADD jq:{q}:completed 1 done",
    ]);
    let ticks = [
        tick(["a", "1700000000000", "1700000060000", "", CANCEL, "a:1"]),
        tick(["b", "1700000000000", "1700000060000", "", CANCEL, "b:1"]),
    ];
    rig.replies(KEYS, call(&ticks), "\"11\"");
    rig.holds(expect![[r#"
        jq:{q}:cancel:w2 list, expires
          last\n10 -1 -1 outcome
        jq:{q}:cancels hash
          last = 10 -1 -1 outcome
        jq:{q}:completed zset
          1 done
        jq:{q}:events stream
          added = a:1 b:1
        jq:{q}:fired hash
          a = 2,0,a:1
          b = 2,0,b:1
        jq:{q}:jobs hash
          a:1 = record
          b:1 = record
          done = x
          last = x
        jq:{q}:meta hash
          added = 2
          cancelling = 1
          layout = 2
          newest = 1700000000001 b:1
          ticks = 1700000060000
        jq:{q}:running:w2 hash
          last = 5:1700000000000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000060000 a
          1700000060000 b
        jq:{q}:waiting zset
          4505299627370497 a:1
          4505299627370497 b:1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009999 w1
          1700000009999 w2
    "#]]);
}

#[test]
fn a_job_is_not_cancelled_for_a_tick_that_adds_none() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:fired a 1,0,last",
        "HSET jq:{q}:jobs last x other x",
        "ZADD jq:{q}:waiting 5 other",
        "ZADD jq:{q}:workers 1700000009999 w2",
        "HSET jq:{q}:running:w2 last 5:1700000000000",
        "HSET jq:{q}:uniques last key",
        "SET jq:{q}:unique:key last",
        "HSET jq:{q}:meta max_length 1",
    ]);
    let mut full = tick(["a", "1700000000000", "1700000060000", "", CANCEL, "a:1"]);
    rig.replies(KEYS, call(std::slice::from_ref(&full)), "\"f\"");
    rig.given(["HDEL jq:{q}:meta max_length"]);
    (full[10], full[11]) = (b"key".to_vec(), b"0".to_vec());
    rig.replies(KEYS, call(&[full]), "\"u\"");
    let marks: u64 = redis::cmd("EXISTS")
        .arg("jq:{q}:cancels")
        .arg("jq:{q}:cancelled")
        .arg("jq:{q}:cancel:w2")
        .query(rig.connection())
        .expect("a number");
    assert_eq!(marks, 0);
}

/// A tick whose job has this key.
fn keyed(words: [&str; 6], rule: &str) -> Vec<Vec<u8>> {
    let mut tick = tick(words);
    (tick[10], tick[11]) = (b"key".to_vec(), rule.as_bytes().to_vec());
    tick
}

#[test]
fn the_last_job_is_one_that_the_queue_has() {
    for (place, rule, letters, fired, tight) in [
        // Another stands for all of them: the last job is the one of before.
        ("ZADD jq:{q}:waiting 5 other", "0", "\"uu\"", "1,2,before", 2),
        // It becomes the job of each.
        ("ZADD jq:{q}:waiting 5 other", "0r", "\"11\"", "3,0,other", 2),
        ("ZADD jq:{q}:delayed 1700009999999 other", "0d", "\"11\"", "3,0,other", 2),
        // The first one runs after it, and becomes the second one's.
        ("HSET jq:{q}:running:w other 5:1700000000000", "0k", "\"11\"", "3,0,a:1", 3),
    ] {
        for cap in [99, tight] {
            let mut rig = rig();
            rig.given([
                "HSET jq:{q}:fired a 1,0,before",
                "HSET jq:{q}:jobs before x other x another x",
                "ZADD jq:{q}:waiting 5 another",
                "HSET jq:{q}:uniques other key",
                "SET jq:{q}:unique:key other",
                place,
                &format!("HSET jq:{{q}}:meta max_length {cap}"),
            ]);
            let one = keyed(["a", "1700000000000", "1700000060000", "", "a", "a:1"], rule);
            let two = keyed(["a", "1700000060000", "1700000120000", "", "a", "a:2"], rule);
            rig.replies(KEYS, call(&[one, two]), letters);
            let mut ask = redis::cmd("HGET");
            ask.arg("jq:{q}:fired").arg("a");
            let found: String = ask.query(rig.connection()).expect("a text");
            assert_eq!(found, fired, "{place} {rule} {cap}");
        }
    }
}

#[test]
fn a_full_queue_holds_ticks_back() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta max_length 1"]);
    let ticks = [
        tick(["a", "1700000000000", "1700000060000", "", "s", "a:1"]),
        tick(["b", "1700000000000", "1700000060000", "", "s", "b:1"]),
    ];
    rig.replies(KEYS, call(&ticks), "\"1f\"");
    rig.replies(KEYS, call(&ticks[1..]), "\"f\"");
    rig.given(["ZREM jq:{q}:waiting a:1"]);
    rig.replies(KEYS, call(&ticks[1..]), "\"1\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a:1
          added = b:1
        jq:{q}:fired hash
          a = 1,0,a:1
          b = 1,0,b:1
        jq:{q}:jobs hash
          a:1 = record
          b:1 = record
        jq:{q}:meta hash
          added = 2
          layout = 2
          max_length = 1
          newest = 1700000000001 b:1
          ticks = 1700000060000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000060000 a
          1700000060000 b
        jq:{q}:waiting zset
          4505299627370497 b:1
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn the_last_job_of_a_limit_is_the_last() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:fired a 1,0,gone"]);
    let ticks = [
        tick(["a", "1700000000000", "1700000060000", "2", "a", "a:1"]),
        tick(["a", "1700000060000", "1700000120000", "2", "a", "a:2"]),
    ];
    rig.replies(KEYS, call(&ticks), "\"10\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a:1
        jq:{q}:fired hash
          a = 2,0,a:1
        jq:{q}:jobs hash
          a:1 = record
        jq:{q}:meta hash
          added = 1
          layout = 2
          newest = 1700000000001 a:1
          ticks = 1700000000000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000000000 b
        jq:{q}:waiting zset
          4505299627370497 a:1
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn jobs_have_all_that_adds_have() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta paused 1 ttl 60000", "SET jq:{q}:unique:held other"]);
    let mut delayed = tick(["a", "1700000000000", "1700000060000", "", "a", "a:1"]);
    let all = [(7, "1700000001500"), (8, "-3"), (9, "5000"), (10, "key"), (11, "0"), (12, "x\ny")];
    for (at, value) in all {
        delayed[at] = value.into();
    }
    let mut twin = tick(["a", "1700000060000", "1700000120000", "", "a", "a:2"]);
    twin[10] = "key".into();
    let mut held = tick(["b", "1700000000000", "1700000060000", "", "a", "b:1"]);
    held[10] = "held".into();
    rig.replies(KEYS, call(&[delayed, twin, held]), "\"1uu\"");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000001500 a:1
        jq:{q}:events stream
          added = a:1
        jq:{q}:expiring zset
          1700000006500 a:1
        jq:{q}:fired hash
          a = 1,1,a:1
          b = 0,1,-
        jq:{q}:jobs hash
          a:1 = record
        jq:{q}:meta hash
          added = 1
          expiring = 1
          layout = 2
          paused = 1
          tagged = 1
          ticks = 1700000060000
          ttl = 60000
        jq:{q}:priority hash
          a:1 = -3
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:tag:x zset
          0 a:1
        jq:{q}:tag:y zset
          0 a:1
        jq:{q}:tags hash
          a:1 = x\ny
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000060000 b
          1700000120000 a
        jq:{q}:unique:held string
          other
        jq:{q}:unique:key string
          a:1
        jq:{q}:uniques hash
          a:1 = key
    "#]]);
}

#[test]
fn a_job_that_is_there_already_counts_as_added() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:jobs a:1 mine"]);
    let there = tick(["a", "1700000000000", "1700000060000", "", "a", "a:1"]);
    rig.replies(KEYS, call(&[there]), "\"d\"");
    rig.holds(expect![[r#"
        jq:{q}:fired hash
          a = 1,0,a:1
        jq:{q}:jobs hash
          a:1 = mine
        jq:{q}:meta hash
          ticks = 1700000000000
        jq:{q}:schedules hash
          a = ra
          b = rb
        jq:{q}:ticking string, expires
          w1
        jq:{q}:ticks zset
          1700000000000 b
          1700000060000 a
    "#]]);
}

#[test]
fn a_key_of_another_type_leaves_the_tick() {
    let mut rig = rig();
    rig.given(["SET jq:{q}:events x"]);
    let first = tick(["a", "1700000000000", "1700000060000", "", "a", "a:1"]);
    assert!(rig.call(KEYS, call(&[first])).is_err());
    let dump = rig.dump().to_string();
    assert!(dump.contains("1700000000000 a"), "{dump}");
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    let first = tick(["a", "1700000000000", "1700000060000", "", "a", "a:1"]);
    rig.refuses(KEYS, call(&[first]), "LAYOUT 9 2");
}

#[test]
fn the_keys_of_a_job_are_noted() {
    let mut rig = rig();
    let mut first = tick(["a", "1700000000000", "1700000060000", "", "s", "a:1700000000000"]);
    first[6] = crate::script::keyed("", "1 user:7");
    rig.replies(KEYS, call(&[first]), "\"1\"");
    rig.given(["DEL jq:{q}:jobs jq:{q}:events jq:{q}:schedules jq:{q}:ticks jq:{q}:ticking"]);
    rig.holds(expect![[r#"
        jq:{q}:fired hash
          a = 1,0,a:1700000000000
        jq:{q}:keys_of hash
          a:1700000000000 = 1 user:7
        jq:{q}:meta hash
          added = 1
          grouped = 2
          layout = 2
          newest = 1700000000001 a:1700000000000
          ticks = 1700000000000
        jq:{q}:waiting zset
          4505299627370497 a:1700000000000
        jq:{q}:wake list
          1
    "#]]);
}
