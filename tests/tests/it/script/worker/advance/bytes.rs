//! Answers are bounded in bytes: what doesn't fit stays where it is.

use jobqueue_tests::raw::run;
use redis::Value;

use super::{KEYS, Rig, args, fetch, rig};

const MIB: usize = 1 << 20;

/// A rig with waiting jobs of these sizes, `a` first.
fn sized(sizes: &[usize]) -> Rig {
    let mut rig = rig();
    let largest = sizes.iter().max().expect("some jobs").to_string();
    run(rig.connection(), &format!("HSET jq:{{q}}:meta largest {largest}"));
    for (index, (size, id)) in sizes.iter().zip('a'..).enumerate() {
        put(&mut rig, &id.to_string(), *size);
        run(rig.connection(), &format!("ZADD jq:{{q}}:waiting {index} {id}"));
    }
    rig
}

fn put(rig: &mut Rig, id: &str, size: usize) {
    let mut set = redis::cmd("HSET");
    let set = set.arg("jq:{q}:jobs").arg(id).arg("x".repeat(size));
    let () = set.query(rig.connection()).expect("set");
}

/// In short: what limited the answer, its ids, and how many jobs are left.
fn told(rig: &mut Rig, call: Vec<Vec<u8>>) -> String {
    let Ok(Value::Array(reply)) = rig.call(KEYS, call) else { panic!("no answer") };
    let [_, _, Value::Int(left), Value::BulkString(why), Value::BulkString(ids), records, ..] =
        &reply[..]
    else {
        panic!("another answer")
    };
    let Value::Array(records) = records else { panic!("no records") };
    let (why, ids) = (String::from_utf8_lossy(why), String::from_utf8_lossy(ids));
    assert_eq!(records.len(), ids.split_whitespace().count(), "a record for each");
    format!("{why}: {ids}, {left} left")
}

/// Lets go of what `w1` holds, and calls again.
fn next(rig: &mut Rig, want: u32) -> String {
    run(rig.connection(), "DEL jq:{q}:running:w1");
    told(rig, fetch(0, want))
}

#[test]
fn a_fetch_takes_what_fits_and_says_that_there_is_more() {
    let mut rig = sized(&[MIB / 2, MIB / 2, 1, MIB, 2 * MIB, 100, 100]);
    assert_eq!(told(&mut rig, fetch(0, 7)), "bytes: a b, 5 left");
    assert_eq!(next(&mut rig, 7), "bytes: c, 4 left");
    assert_eq!(next(&mut rig, 7), "bytes: d, 3 left");
    assert_eq!(next(&mut rig, 7), "bytes: e, 2 left", "one that is too large goes alone");
    assert_eq!(next(&mut rig, 7), ": f g, 0 left");
}

#[test]
fn what_is_left_is_left_as_it_was_and_another_worker_wakes_for_it() {
    let mut rig = sized(&[MIB, MIB]);
    let mut set = redis::cmd("HSET");
    let set = set.arg("jq:{q}:meta").arg("rate").arg("1000 5");
    let () = set.query(rig.connection()).expect("set");
    assert_eq!(told(&mut rig, fetch(0, 2)), "bytes: a, 1 left");
    let mut look = |command: &str| jobqueue_tests::text::reply(&run(rig.connection(), command));
    assert_eq!(look("ZRANGE jq:{q}:waiting 0 -1 WITHSCORES"), r#"["b", "1"]"#);
    assert_eq!(look("HGETALL jq:{q}:running:w1"), r#"["a", "0:1700000000000"]"#);
    assert_eq!(look("HGET jq:{q}:meta tat"), r#""1700000001000.000""#, "one start is spent");
    assert_eq!(look("LLEN jq:{q}:wake"), "1");
}

#[test]
fn a_large_batch_is_cut_too() {
    let mut rig = sized(&[50_000; 26]);
    assert_eq!(
        told(&mut rig, fetch(0, 26)),
        "bytes: a b c d e f g h i j k l m n o p q r s t, 6 left"
    );
    assert_eq!(next(&mut rig, 26), ": u v w x y z, 0 left");
}

#[test]
fn many_small_jobs_among_large_ones_go_together() {
    let mut rig = sized(&[MIB]);
    for n in 0..300 {
        put(&mut rig, &format!("s{n:03}"), 1_000);
        run(rig.connection(), &format!("ZADD jq:{{q}}:waiting {} s{n:03}", n + 10));
    }
    assert_eq!(told(&mut rig, fetch(0, 1_000)), "bytes: a, 300 left");
    run(rig.connection(), "CONFIG RESETSTAT");
    assert!(next(&mut rig, 1_000).ends_with("s299, 0 left"));
    // One to begin with, and then sixteen a step.
    assert_eq!(reads(&mut rig), "calls=21,", "reads of the records, and one of the settings");
}

/// How many HMGETs were made.
fn reads(rig: &mut Rig) -> String {
    let stats: String =
        redis::cmd("INFO").arg("commandstats").query(rig.connection()).expect("statistics");
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:")).expect("a line");
    line.split_inclusive(',').next().expect("a number").to_owned()
}

#[test]
fn jobs_in_lanes_stay_there() {
    let mut rig = sized(&[MIB, MIB]);
    rig.given([
        "ZADD jq:{q}:waiting -9007199254740991 b",
        "HSET jq:{q}:lane_of b mail",
        "ZADD jq:{q}:lane:mail 1 b",
        "ZADD jq:{q}:lanes 1 mail",
    ]);
    assert_eq!(told(&mut rig, fetch(0, 2)), "bytes: a, 1 left");
    let lane = run(rig.connection(), "HGETALL jq:{q}:lane_of");
    assert_eq!(jobqueue_tests::text::reply(&lane), r#"["b", "mail"]"#);
    assert_eq!(next(&mut rig, 2), ": b, 0 left");
}

#[test]
fn expired_jobs_count_and_those_that_do_not_fit_come_next() {
    let mut rig = sized(&[MIB, MIB, 10]);
    rig.given([
        "HSET jq:{q}:meta expiring 1",
        "ZADD jq:{q}:expiring 1600000000000 a 1600000000001 b",
    ]);
    // Of `c`, nothing fits into the answer any more.
    assert_eq!(told(&mut rig, fetch(0, 1)), "bytes: a, 2 left");
    assert_eq!(next(&mut rig, 1), "bytes: b, 1 left");
    assert_eq!(next(&mut rig, 1), ": c, 0 left");
}

#[test]
fn a_receive_by_hand_takes_what_fits() {
    let mut rig = sized(&[MIB, MIB]);
    let keys: Vec<&str> =
        KEYS.iter().map(|key| if *key == "running:w1" { "running:by-hand" } else { key }).collect();
    let call = args![Rig::BASE, "w1", 10_000, "+30000", 2, 0, "", 0, 0, 0, 10, 0];
    rig.call(&keys, call).expect("an answer");
    let out = run(rig.connection(), "ZRANGE jq:{q}:visibility 0 -1");
    assert_eq!(jobqueue_tests::text::reply(&out), r#"["a"]"#);
}
