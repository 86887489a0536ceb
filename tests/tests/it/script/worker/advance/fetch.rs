//! Fetching: order, limits, promotion, waking.

use expect_test::expect;
use jobqueue_tests::raw::Rig;

use super::{KEYS, fetch, rig};

#[test]
fn takes_in_order_and_wakes_the_next() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 3 c 1 a 2 b",
        "HSET jq:{q}:jobs a ra b rb c rc",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(
        KEYS,
        fetch(0, 2),
        "[1700000000000, 10001, 1, \"\", \"a b\", [\"ra\", \"rb\"], nil, nil, nil]",
    );
    rig.holds(expect![[r#"
        jq:{q}:events stream
          active = a b
        jq:{q}:jobs hash
          a = ra
          b = rb
          c = rc
        jq:{q}:meta hash
          layout = 2
        jq:{q}:running:w1 hash
          a = 1:1700000000000
          b = 2:1700000000000
        jq:{q}:waiting zset
          3 c
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
    rig.replies(
        KEYS,
        fetch(2, 2),
        "[1700000000000, 10001, 0, \"\", \"c\", [\"rc\"], nil, nil, nil]",
    );
}

#[test]
fn a_large_batch_of_one_priority_goes_by_the_rank_of_its_first() {
    let mut rig = rig();
    // Ranks of priority 0: 1024 * 2^42 and some milliseconds.
    let rank = |ms: i64| (1024_i64 << 42) + ms;
    for i in 0..20 {
        rig.given([&*format!("ZADD jq:{{q}}:waiting {} j{i:02}", rank(i))]);
    }
    let _ = rig.call(KEYS, fetch(0, 18));
    let waiting = redis::cmd("ZRANGE").arg("jq:{q}:waiting").arg(0).arg(-1).query(rig.connection());
    let waiting: Vec<String> = waiting.expect("is there");
    assert_eq!(waiting, ["j18", "j19"], "the others have left it");
    let mark = |rig: &mut Rig, id: &str| -> String {
        redis::cmd("HGET").arg("jq:{q}:running:w1").arg(id).query(rig.connection()).expect("runs")
    };
    let (first, zeros) = (rank(0), "0".repeat(64));
    assert_eq!(mark(&mut rig, "j00"), format!("{first}:{zeros}1700000000000"));
    assert_eq!(mark(&mut rig, "j17"), format!("{first}:1700000000000"));
    let mut encoding = redis::cmd("OBJECT");
    let encoding: String = encoding
        .arg("ENCODING")
        .arg("jq:{q}:running:w1")
        .query(rig.connection())
        .expect("is there");
    assert_eq!(encoding, "hashtable");

    // They go back before the waiting jobs, in their own order.
    rig.at(1_700_000_060_000);
    rig.given(["ZADD jq:{q}:workers 1700000070000 w2"]);
    let mut advance = fetch(0, 0);
    advance[1] = "w2".into();
    let keys: Vec<_> =
        KEYS.iter().map(|&key| if key == "running:w1" { "running:w2" } else { key }).collect();
    let _ = rig.call(&keys, advance);
    let ids: Vec<String> = redis::cmd("ZRANGE")
        .arg("jq:{q}:waiting")
        .arg(0)
        .arg(-1)
        .query(rig.connection())
        .expect("is there");
    let expected: Vec<String> = (0..20).map(|i| format!("j{i:02}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn a_large_batch_of_several_priorities_keeps_each_rank() {
    let mut rig = rig();
    let rank = |priority: i64, ms: i64| ((1024 + priority) << 42) + ms;
    for i in 0..20 {
        rig.given([&*format!("ZADD jq:{{q}}:waiting {} j{i:02}", rank(i / 10, i))]);
    }
    let _ = rig.call(KEYS, fetch(0, 20));
    let mut marks = redis::cmd("HMGET");
    let marks: Vec<String> =
        marks.arg("jq:{q}:running:w1").arg("j03").arg("j17").query(rig.connection()).expect("run");
    let expected = [rank(0, 3), rank(1, 17)].map(|rank| format!("{rank}:1700000000000"));
    assert_eq!(marks, expected);
}

#[test]
fn sparse_columns_and_missing_records_come_along() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a 2 b 3 c",
        "HSET jq:{q}:jobs a ra c rc",
        "HSET jq:{q}:attempts a 2",
        "HSET jq:{q}:stalls b 1",
        "HSET jq:{q}:misses c 4",
    ]);
    rig.answers(
        KEYS,
        fetch(0, 5),
        expect![[r#"
            1700000000000
            10001
            0
            ""
            "a b c"
            ["ra", nil, "rc"]
            ["2", nil, nil]
            [nil, "1", nil]
            [nil, nil, "4"]
        "#]],
    );
}

#[test]
fn a_worker_that_wants_none_gets_none_and_wakes_another() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a"]);
    rig.replies(KEYS, fetch(0, 0), "[1700000000000, 10001, 1, \"\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:waiting zset
          1 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn nobody_is_woken_for_a_paused_queue() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a", "HSET jq:{q}:meta paused 1"]);
    rig.replies(
        KEYS,
        fetch(0, 0),
        "[1700000000000, 10001, 1, \"paused\", \"\", [], nil, nil, nil]",
    );
    let woken: bool = redis::cmd("EXISTS").arg("jq:{q}:wake").query(rig.connection()).expect("ok");
    assert!(!woken);
}

#[test]
fn paused_throttled_and_full_queues_give_none() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a 2 b", "HSET jq:{q}:jobs a r b r"]);
    rig.given(["HSET jq:{q}:meta paused 1"]);
    rig.replies(
        KEYS,
        fetch(0, 5),
        "[1700000000000, 10001, 2, \"paused\", \"\", [], nil, nil, nil]",
    );
    rig.given(["HDEL jq:{q}:meta paused", "HSET jq:{q}:meta throttled_until 1700000002000"]);
    rig.replies(
        KEYS,
        fetch(0, 5),
        "[1700000000000, 2000, 2, \"throttled\", \"\", [], nil, nil, nil]",
    );
    rig.given([
        "HDEL jq:{q}:meta throttled_until",
        "HSET jq:{q}:meta active 2",
        "ZADD jq:{q}:workers 1700000005000 w2",
        "HSET jq:{q}:running:w2 x 1:1",
    ]);
    rig.replies(
        KEYS,
        fetch(0, 5),
        "[1700000000000, 5001, 1, \"active\", \"a\", [\"r\"], nil, nil, nil]",
    );
    rig.replies(KEYS, fetch(1, 5), "[1700000000000, 5001, 1, \"active\", \"\", [], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
          b = r
        jq:{q}:meta hash
          active = 2
          events = 0
          layout = 2
        jq:{q}:running:w1 hash
          a = 1:1700000000000
        jq:{q}:running:w2 hash
          x = 1:1
        jq:{q}:waiting zset
          2 b
        jq:{q}:workers zset
          1700000005000 w2
          1700000010000 w1
    "#]]);
}

#[test]
fn a_rate_gives_its_burst_and_then_one_an_interval() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a 2 b 3 c 4 d 5 e",
        "HSET jq:{q}:jobs a r b r c r d r e r",
        "ZADD jq:{q}:workers 1700000009000 w2",
    ]);
    let mut set = redis::cmd("HSET");
    let () = set.arg("jq:{q}:meta").arg("rate").arg("100 3").query(rig.connection()).expect("set");
    // The burst, and when the next is free.
    rig.replies(
        KEYS,
        fetch(0, 5),
        "[1700000000000, 100, 2, \"rate\", \"a b c\", [\"r\", \"r\", \"r\"], nil, nil, nil]",
    );
    // Too early, and it is still its turn.
    rig.replies(KEYS, fetch(3, 5), "[1700000000000, 100, 2, \"rate\", \"\", [], nil, nil, nil]");
    rig.at(1_700_000_000_250);
    rig.replies(KEYS, fetch(3, 1), "[1700000000250, 8751, 1, \"\", \"d\", [\"r\"], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          a = r
          b = r
          c = r
          d = r
          e = r
        jq:{q}:meta hash
          events = 0
          layout = 2
          rate = 100 3
          tat = 1700000000400.000
          turn = 1700000000250.000 1700000000250.000 -
        jq:{q}:running:w1 hash
          a = 1:1700000000000
          b = 2:1700000000000
          c = 3:1700000000000
          d = 4:1700000000250
        jq:{q}:waiting zset
          5 e
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000009000 w2
          1700000010250.5 w1
    "#]]);
}

#[test]
fn due_jobs_are_promoted_with_their_due_time_and_the_reply_says_when_the_next_is_due() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:delayed 1699999999000 a 1700000000000 b 1700000003000 c",
        "HSET jq:{q}:priority b -1",
        "HSET jq:{q}:jobs a r b r c r",
        "HDEL jq:{q}:meta events",
    ]);
    rig.replies(KEYS, fetch(0, 1), "[1700000000000, 3000, 1, \"\", \"b\", [\"r\"], nil, nil, nil]");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000003000 c
        jq:{q}:events stream
          waiting = a b
          active = b
        jq:{q}:jobs hash
          a = r
          b = r
          c = r
        jq:{q}:meta hash
          layout = 2
        jq:{q}:priority hash
          b = -1
        jq:{q}:running:w1 hash
          b = 4500901580859392:1700000000000
        jq:{q}:waiting zset
          4505299627369496 a
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

/// Its jobs are to be found soon if this worker dies, and the others sleep for longer.
#[test]
fn the_first_job_under_a_short_lease_wakes_a_worker_that_learns_of_it() {
    for (lease, wakes) in [(1_000, true), (10_000, false)] {
        let mut rig = rig();
        rig.given([
            "ZADD jq:{q}:waiting 1 a",
            "HSET jq:{q}:jobs a ra",
            "ZADD jq:{q}:workers 1700000009000 w2",
        ]);
        let mut call = fetch(0, 2);
        call[2] = lease.to_string().into_bytes();
        rig.call(KEYS, call).expect("an answer");
        let token = redis::cmd("EXISTS").arg("jq:{q}:wake").query::<bool>(rig.connection());
        assert_eq!(token.expect("read"), wakes, "{lease}");
    }
}
