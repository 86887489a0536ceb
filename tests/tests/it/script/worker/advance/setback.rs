//! The clock was set back.

use jobqueue_tests::raw::{NOW, Rig, args, run};
use redis::Value;

use super::{KEYS, fetch, rig, settle};

const HOUR: u64 = 3_600_000;

/// The scores of a set, as they are read.
fn scores(rig: &mut Rig, set: &str) -> Vec<(String, u64)> {
    let found: Vec<(String, f64)> = redis::cmd("ZRANGE")
        .arg(format!("{}{set}", Rig::BASE))
        .arg(&["0", "-1", "WITHSCORES"])
        .query(rig.connection())
        .expect("a set");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times")]
    found.into_iter().map(|(id, score)| (id, score as u64)).collect()
}

fn has(rig: &mut Rig, key: &str) -> bool {
    run(rig.connection(), &format!("EXISTS jq:{{q}}:{key}")) == Value::Int(1)
}

/// `w1` completes a job that is kept among the newest two.
fn complete(rig: &mut Rig, id: &str) {
    let held = format!("HSET jq:{{q}}:running:w1 {id} 1:1");
    rig.given([held.as_str(), format!("HSET jq:{{q}}:jobs {id} r").as_str()]);
    let blocks = args![1, "completed", 2, -1, 1, id, "o", 0, 0, 10, 0];
    rig.call(KEYS, settle(1, 0, blocks)).expect("it is settled");
}

#[test]
fn a_dead_workers_lease_goes_back_with_the_clock() {
    let mut rig = rig();
    // Both moved their leases of 10 s at NOW; then the clock was set back by an hour.
    rig.given([
        format!("ZADD jq:{{q}}:workers {} w1 {} dead", NOW + 10_000, NOW + 10_000).as_str(),
        "HSET jq:{q}:running:dead a 5:1",
    ]);
    rig.at(NOW - HOUR);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    let ends = NOW - HOUR + 10_000;
    assert_eq!(scores(&mut rig, "workers"), [("dead".to_owned(), ends), ("w1".to_owned(), ends)]);
    assert!(has(&mut rig, "running:dead"));
    rig.at(ends - 1);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    assert!(has(&mut rig, "running:dead"), "its lease isn't over");
    rig.at(ends + 1);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    assert!(!has(&mut rig, "running:dead"), "its jobs have gone back");
}

#[test]
fn jobs_that_are_out_by_hand_are_so_for_no_longer() {
    let mut rig = rig();
    rig.given([
        format!("ZADD jq:{{q}}:workers {} w1 {} by-hand", NOW + 10_000, NOW + 30_000).as_str(),
        format!("ZADD jq:{{q}}:visibility {} a {} b", NOW + 30_000, NOW + 60_000).as_str(),
        "HSET jq:{q}:running:by-hand a 5:1:r b 6:1:r",
    ]);
    rig.at(NOW - HOUR);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    let out = NOW - HOUR + 30_000;
    let times = [("a".to_owned(), out), ("b".to_owned(), out + 30_000)];
    assert_eq!(scores(&mut rig, "visibility"), times);
    assert_eq!(scores(&mut rig, "workers")[1], ("by-hand".to_owned(), out));
}

#[test]
fn more_leases_than_one_step_moves_keep_their_order() {
    let mut rig = rig();
    rig.given([format!("ZADD jq:{{q}}:workers {} w1", NOW + 10_000).as_str()]);
    rig.given(["EVAL for\ti=1,2300\tdo\tredis.call('ZADD',KEYS[1],1700000020000+i,i)\tend 1 jq:{q}:workers"]);
    rig.at(NOW - HOUR);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    let found = scores(&mut rig, "workers");
    assert_eq!(found.len(), 2_301);
    for (name, score) in found.iter().skip(1) {
        let number: u64 = name.parse().expect("a number");
        assert_eq!(*score, NOW - HOUR + 20_000 + number);
    }
}

#[test]
fn a_lease_that_is_a_little_ahead_stays() {
    let mut rig = rig();
    rig.given([
        format!("ZADD jq:{{q}}:workers {} w1 {} other", NOW + 15_000, NOW + 15_000).as_str()
    ]);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    assert_eq!(scores(&mut rig, "workers")[1], ("other".to_owned(), NOW + 15_000));
    rig.given([format!("ZADD jq:{{q}}:workers {} w1", NOW + 15_001).as_str()]);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    assert_eq!(scores(&mut rig, "workers")[0], ("other".to_owned(), NOW + 9_999));
}

#[test]
fn the_jobs_that_ended_last_are_kept() {
    let mut rig = rig();
    for id in ["a", "b"] {
        complete(&mut rig, id);
    }
    rig.at(NOW - HOUR);
    // Their ids would go first among equal times.
    for id in ["Z", "Y", "X"] {
        complete(&mut rig, id);
    }
    let kept = scores(&mut rig, "completed");
    assert_eq!(kept, [("Y".to_owned(), NOW + 2), ("X".to_owned(), NOW + 3)]);
    assert_eq!(
        run(rig.connection(), "HGET jq:{q}:meta ended"),
        Value::BulkString((NOW + 3).to_string().into())
    );
    // The clock has caught up.
    rig.at(NOW + 4);
    complete(&mut rig, "W");
    let kept = scores(&mut rig, "completed");
    assert_eq!(kept, [("X".to_owned(), NOW + 3), ("W".to_owned(), NOW + 4)]);
    assert_eq!(run(rig.connection(), "HGET jq:{q}:meta ended"), Value::Nil);
}

#[test]
fn groups_that_are_held_until_the_old_time_are_looked_at_again() {
    const HELD: u64 = 2_251_799_813_685_248;
    const FULL: u64 = 3_377_699_720_527_872;
    let mut rig = rig();
    rig.given([
        format!("ZADD jq:{{q}}:workers {} w1", NOW + 10_000).as_str(),
        format!("ZADD jq:{{q}}:groups 7 turns {} rate {FULL} full", HELD + NOW + 100).as_str(),
        format!("ZADD jq:{{q}}:groups:until {} throttled", NOW + 5_000).as_str(),
    ]);
    rig.at(NOW - HOUR);
    rig.call(KEYS, fetch(0, 0)).expect("it looks");
    let groups = [("turns", 7), ("rate", HELD), ("full", FULL)];
    assert_eq!(scores(&mut rig, "groups"), groups.map(|(name, at)| (name.to_owned(), at)));
    assert_eq!(scores(&mut rig, "groups:until"), [("throttled".to_owned(), NOW - HOUR + 5_000)]);
}
