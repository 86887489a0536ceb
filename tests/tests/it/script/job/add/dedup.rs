//! Jobs whose unique key another has.

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::{KEYS, new, rig};

/// A batch of one job of the key `k`: its due time, its rule, and what is answered.
fn adds(rig: &mut Rig, id: &str, [due, rule]: [&str; 2], reply: &str) {
    let mut keys = KEYS.to_vec();
    keys.push("unique:k");
    let record = format!("r{id}");
    rig.replies(&keys, args!["0", new(), 1, id, record, 1, 1, 0, due, 10, rule, "k"], reply);
}

#[test]
fn one_that_waits_is_replaced_where_it_stands() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 4505299627370490 h",
        "HSET jq:{q}:jobs h old",
        "HSET jq:{q}:priority h 0",
        "HSET jq:{q}:attempts h 2",
        "HSET jq:{q}:stalls h 1",
        "HSET jq:{q}:misses h 1",
        "HSET jq:{q}:progress h p",
        "RPUSH jq:{q}:errors:h e",
        "RPUSH jq:{q}:logs:h l",
        "SADD jq:{q}:listed h",
        "SET jq:{q}:unique:k h",
        "HSET jq:{q}:uniques h k",
    ]);
    adds(&mut rig, "a", ["", "0r"], r#"["1r", "h"]"#);
    rig.holds(expect![[r#"
        jq:{q}:events stream
          replaced = h
        jq:{q}:jobs hash
          h = ra
        jq:{q}:meta hash
          layout = 2
        jq:{q}:producer:p string, expires
          1 1r h
        jq:{q}:unique:k string
          h
        jq:{q}:uniques hash
          h = k
        jq:{q}:waiting zset
          4505299627370490 h
    "#]]);
}

/// The key is that of an earlier job of the same id, and lasts.
#[test]
fn one_that_was_added_anew_with_another_key_has_ended_for_the_first() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000009000 w",
        "HSET jq:{q}:running:w h 1:1",
        "HSET jq:{q}:jobs h new",
        "SET jq:{q}:unique:k h PX 60000",
        "SET jq:{q}:unique:l h",
        "HSET jq:{q}:uniques h l",
    ]);
    adds(&mut rig, "a", ["", "0k"], r#"[1, "h"]"#);
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          h = new
        jq:{q}:producer:p string, expires
          1 1 h
        jq:{q}:running:w hash
          h = 1:1
        jq:{q}:unique:k string, expires
          h
        jq:{q}:unique:l string
          h
        jq:{q}:uniques hash
          h = l
        jq:{q}:workers zset
          1700000009000 w
    "#]]);
}

#[test]
fn one_that_is_active_stands_or_is_followed() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1700000009000 w",
        "HSET jq:{q}:running:w h 1:1",
        "HSET jq:{q}:jobs h old",
        "SET jq:{q}:unique:k h PX 60000",
    ]);
    adds(&mut rig, "a", ["", "0r"], r#"[1, "h"]"#);
    adds(&mut rig, "b", ["", "0"], r#"[1, "h"]"#);
    adds(&mut rig, "c", ["+5000", "0d60000"], r#"["1n", "h"]"#);
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          281474976710657 c
        jq:{q}:events stream
          added = c
        jq:{q}:jobs hash
          c = rc
          h = old
        jq:{q}:meta hash
          added = 1
          layout = 2
        jq:{q}:producer:p string, expires
          3 1n h
        jq:{q}:running:w hash
          h = 1:1
        jq:{q}:unique:k string
          h 1700000060000 1700000005000 c
        jq:{q}:uniques hash
          c = k
          h = k
        jq:{q}:workers zset
          1700000009000 w
    "#]]);
    // Of several that would follow only the last does.
    adds(&mut rig, "d", ["", "0k"], r#"["1r", "c"]"#);
    adds(&mut rig, "e", ["+7000", "0d60000"], r#"["1e", "c"]"#);
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          281474976710657 c
        jq:{q}:events stream
          added = c
          replaced = c
          replaced = c
        jq:{q}:jobs hash
          c = re
          h = old
        jq:{q}:meta hash
          added = 1
          layout = 2
        jq:{q}:producer:p string, expires
          5 1e c
        jq:{q}:running:w hash
          h = 1:1
        jq:{q}:unique:k string
          h 1700000060000 1700000007000 c
        jq:{q}:uniques hash
          c = k
          h = k
        jq:{q}:workers zset
          1700000009000 w
    "#]]);
}

#[test]
fn one_that_has_ended_stands_for_as_long_as_its_key() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:completed 1 h",
        "HSET jq:{q}:jobs h old",
        "HSET jq:{q}:outcomes h o",
        "SET jq:{q}:unique:k h PX 60000",
    ]);
    for rule in ["0", "0r", "0k", "0d"] {
        adds(&mut rig, "a", ["", rule], r#"[1, "h"]"#);
    }
}

#[test]
fn a_delay_begins_anew_up_to_the_longest_wait() {
    let mut rig = rig();
    adds(&mut rig, "a", ["+5000", "0d8000"], "[]");
    adds(&mut rig, "b", ["+6000", "0d8000"], r#"["1e", "a"]"#);
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000006000 a
        jq:{q}:events stream
          added = a
          replaced = a
        jq:{q}:jobs hash
          a = rb
        jq:{q}:meta hash
          added = 1
          layout = 2
        jq:{q}:producer:p string, expires
          2 1e a
        jq:{q}:unique:k string
          a 1700000008000
        jq:{q}:uniques hash
          a = k
        jq:{q}:wake list
          1
    "#]]);
    adds(&mut rig, "c", ["+60000", "0d8000"], r#"["1e", "a"]"#);
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          a = 0@1700000008000
        jq:{q}:delayed zset
          1700000008000 a
        jq:{q}:events stream
          added = a
          replaced = a
          replaced = a
        jq:{q}:jobs hash
          a = rc
        jq:{q}:meta hash
          added = 1
          layout = 2
        jq:{q}:producer:p string, expires
          3 1e a
        jq:{q}:unique:k string
          a 1700000008000
        jq:{q}:uniques hash
          a = k
        jq:{q}:wake list
          1
    "#]]);
}

/// The time to live is the new job's, and starts when the one whose place it takes is due: one that
/// waits, is delayed, or is parked behind another.
#[test]
fn the_time_to_live_of_a_replacement_starts_when_it_is_due() {
    let expires = |rig: &mut Rig, id: &str| {
        let mut score = redis::cmd("ZSCORE");
        let score = score.arg("jq:{q}:expiring").arg(id).query::<Option<i64>>(rig.connection());
        score.expect("a time").map(|at| at - 1_700_000_000_000)
    };
    let (waiting, delayed) = ("ZADD jq:{q}:waiting 4505299627370490 h", "ZADD jq:{q}:delayed");
    // For as long as it is parked, that is beyond all times.
    let beyond = 281_474_976_710_657 - 1_700_000_000_000;
    let parked = "SET jq:{q}:unique:k h~-~1700000070000~s";
    for (given, rule, id, at) in [
        (vec![waiting.to_owned()], "0r", "h", 1_000),
        (vec![format!("{delayed} 1700000060000 h")], "0r", "h", 61_000),
        (
            vec![format!("{delayed} 281474976710657 s"), parked.to_owned()],
            "0k",
            "s",
            beyond + 1_000,
        ),
    ] {
        let mut rig = rig();
        if id == "s" {
            rig.given(["ZADD jq:{q}:workers 1700000009000 w", "HSET jq:{q}:running:w h 1:1"]);
        }
        rig.given(["SET jq:{q}:unique:k h", "HSET jq:{q}:uniques h k s k"]);
        for command in &given {
            rig.given([command.as_str()]);
        }
        rig.given([
            "HSET jq:{q}:jobs h old s old",
            format!("ZADD jq:{{q}}:expiring 1700000005000 {id}").as_str(),
            "HSET jq:{q}:meta ttl 1000",
        ]);
        let reply = format!(r#"["1r", "{id}"]"#);
        adds(&mut rig, "a", ["", rule], &reply);
        assert_eq!(expires(&mut rig, id), Some(at), "{given:?}");
        // Nor does it keep the other's time, if it has none of its own.
        rig.given(["HDEL jq:{q}:meta ttl"]);
        adds(&mut rig, "b", ["", rule], &reply);
        assert_eq!(expires(&mut rig, id), None, "{given:?}");
    }
}

#[test]
fn jobs_of_one_batch_meet_each_other() {
    let mut rig = rig();
    let mut keys = KEYS.to_vec();
    keys.extend(["unique:k", "unique:k", "unique:k"]);
    rig.given(["HSET jq:{q}:meta ttl 1000"]);
    rig.replies(
        &keys,
        args![
            "0",
            new(),
            3,
            "a",
            "ra",
            "b",
            "rb",
            "c",
            "rc",
            3,
            1,
            0,
            "",
            10,
            "0r",
            "k",
            2,
            5,
            "",
            11,
            "0r",
            "k",
            3,
            0,
            "",
            12,
            "0",
            "k"
        ],
        r#"["2r", "a", 3, "a"]"#,
    );
    rig.holds(expect![[r#"
        jq:{q}:events stream
          added = a
          replaced = a
        jq:{q}:expiring zset
          1700000001000 a
        jq:{q}:jobs hash
          a = rb
        jq:{q}:meta hash
          added = 1
          expiring = 1
          layout = 2
          ttl = 1000
        jq:{q}:priority hash
          a = 5
        jq:{q}:producer:p string, expires
          1 2r a 3 a
        jq:{q}:unique:k string
          a
        jq:{q}:uniques hash
          a = k
        jq:{q}:waiting zset
          4527289859926016 a
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn a_full_queue_takes_no_follower_and_lets_others_be_replaced() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta max_length 1 events 0",
        "ZADD jq:{q}:waiting 1 h",
        "HSET jq:{q}:jobs h old",
        "SET jq:{q}:unique:k h",
    ]);
    adds(&mut rig, "a", ["", "0k"], r#"["1r", "h"]"#);
    rig.given([
        "ZREM jq:{q}:waiting h",
        "ZADD jq:{q}:waiting 1 other",
        "ZADD jq:{q}:workers 1700000009000 w",
        "HSET jq:{q}:running:w h 1:1",
    ]);
    let mut keys = KEYS.to_vec();
    keys.push("unique:k");
    let batch = args!["0", new(), 1, "b", "rb", 1, 1, 0, "", 10, "0k", "k"];
    rig.refuses(&keys, batch, "QUEUEFULL 1 1");
}

#[test]
fn one_that_is_replaced_has_the_tags_of_the_one_to_add() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0 tagged 1",
        "ZADD jq:{q}:waiting 4505299627370490 h",
        "HSET jq:{q}:jobs h old",
        "HSET jq:{q}:tags h x\ny",
        "ZADD jq:{q}:tag:x 0 h 0 other",
        "ZADD jq:{q}:tag:y 0 h",
        "SET jq:{q}:unique:k h",
        "HSET jq:{q}:uniques h k",
    ]);
    let mut keys = KEYS.to_vec();
    keys.push("unique:k");
    let job = args!["0", new(), 1, "a", "ra", 1, 1, 0, "", 10, "0r", "k", "a", 1, "#z"];
    rig.replies(&keys, job, r#"["1r", "h"]"#);
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          h = ra
        jq:{q}:meta hash
          events = 0
          layout = 2
          tagged = 1
        jq:{q}:producer:p string, expires
          1 1r h
        jq:{q}:tag:x zset
          0 other
        jq:{q}:tag:z zset
          0 h
        jq:{q}:tags hash
          h = z
        jq:{q}:unique:k string
          h
        jq:{q}:uniques hash
          h = k
        jq:{q}:waiting zset
          4505299627370490 h
    "#]]);
}
