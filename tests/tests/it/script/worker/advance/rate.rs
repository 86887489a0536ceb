//! The rate: exact arithmetic of GCRA; and the turns, by which one worker looks for all.
//!
//! Times are written as `+ms` from [`NOW`].

use jobqueue_tests::raw::{NOW, Rig, args, run};
use redis::Value;

use super::{KEYS, rig};

/// A rig with this rate, these workers and this many jobs.
fn rated(rate: &str, workers: &[&str], jobs: usize) -> Rig {
    let mut rig = rig();
    let mut set = redis::cmd("HSET");
    let () = set.arg("jq:{q}:meta").arg("rate").arg(rate).query(rig.connection()).expect("set");
    for worker in workers {
        run(rig.connection(), &format!("ZADD jq:{{q}}:workers 1700000060000 {worker}"));
    }
    for job in 0..jobs {
        run(rig.connection(), &format!("ZADD jq:{{q}}:waiting {job} job{job:02}"));
    }
    rig
}

/// A worker asks for `want` jobs at NOW + `at`: the number it gets and, if the rate keeps jobs
/// back, when to look again.
fn ask(rig: &mut Rig, at: u64, worker: &str, want: usize) -> String {
    let running = format!("running:{worker}");
    let own = |key: &&'static str| if *key == "running:w1" { running.as_str() } else { *key };
    let keys: Vec<&str> = KEYS.iter().map(own).collect();
    let held = run(rig.connection(), &format!("HLEN jq:{{q}}:{running}"));
    let Value::Int(held) = held else { panic!("no number: {held:?}") };
    rig.at(NOW + at);
    let reply =
        rig.call(&keys, args![Rig::BASE, worker, 10_000, held, want, 0, "", 0, 0, 0, 10, 0]);
    let Ok(Value::Array(reply)) = reply else { panic!("no answer: {reply:?}") };
    let [_, Value::Int(wait), _, Value::BulkString(why), Value::BulkString(ids), ..] = &reply[..]
    else {
        panic!("another answer: {reply:?}")
    };
    let taken = String::from_utf8_lossy(ids).split_whitespace().count();
    match why.as_slice() {
        b"rate" => format!("{taken}, look at +{}", at + u64::try_from(*wait).expect("wait")),
        why => format!("{taken}{}", String::from_utf8_lossy(why)),
    }
}

/// The theoretical arrival time, or nothing if none was ever written.
fn tat(rig: &mut Rig) -> String {
    let mut get = redis::cmd("HGET");
    let tat: Option<String> =
        get.arg("jq:{q}:meta").arg("tat").query(rig.connection()).expect("meta");
    tat.unwrap_or_default()
}

#[test]
fn each_start_moves_the_arrival_time_on_by_one_interval() {
    let mut rig = rated("100 3", &["w1"], 20);
    // The time, the number wanted, the number given, and the arrival time afterwards.
    let steps = [
        (0, 2, "2", "1700000000200.000"),
        (0, 5, "1, look at +100", "1700000000300.000"),
        (100, 1, "1, look at +200", "1700000000400.000"),
        (250, 5, "1, look at +300", "1700000000500.000"),
        (500, 2, "2", "1700000000700.000"),
        // After any pause, no more than the burst has gathered.
        (90_000, 9, "3, look at +90100", "1700000090300.000"),
    ];
    for (at, want, given, arrival) in steps {
        assert_eq!(ask(&mut rig, at, "w1", want), given, "given at +{at}");
        assert_eq!(tat(&mut rig), arrival, "the arrival time at +{at}");
    }
}

#[test]
fn one_millisecond_too_early_is_too_early() {
    let mut rig = rated("100 1", &["w1"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 1), "1, look at +100");
    assert_eq!(ask(&mut rig, 99, "w1", 1), "0, look at +100");
    assert_eq!(tat(&mut rig), "1700000000100.000", "who gets none spends nothing");
    assert_eq!(ask(&mut rig, 100, "w1", 1), "1, look at +200");
}

#[test]
fn an_interval_may_have_a_fraction() {
    let mut rig = rated("33.333 2", &["w1"], 9);
    // Rounded up to whole milliseconds: sooner would be too early.
    assert_eq!(ask(&mut rig, 0, "w1", 5), "2, look at +34");
    assert_eq!(tat(&mut rig), "1700000000066.666");
    assert_eq!(ask(&mut rig, 34, "w1", 1), "1, look at +67");
    assert_eq!(tat(&mut rig), "1700000000099.999");
}

#[test]
fn only_what_is_taken_is_spent() {
    // Fewer jobs than might start: the answer is that there are no more.
    let mut rig = rated("100 3", &["w1"], 2);
    assert_eq!(ask(&mut rig, 0, "w1", 5), "2");
    assert_eq!(tat(&mut rig), "1700000000200.000");
    // As many jobs as may start, and none left.
    let mut rig = rated("100 3", &["w1"], 3);
    assert_eq!(ask(&mut rig, 0, "w1", 5), "3");
    assert_eq!(tat(&mut rig), "1700000000300.000");
    // None at all, or none that may be taken.
    let mut rig = rated("100 3", &["w1"], 0);
    assert_eq!(ask(&mut rig, 0, "w1", 5), "0");
    rig.given(["ZADD jq:{q}:waiting 1 a", "HSET jq:{q}:meta paused 1"]);
    assert_eq!(ask(&mut rig, 0, "w1", 5), "0paused");
    assert_eq!(tat(&mut rig), "");
}

#[test]
fn the_tighter_of_rate_and_active_is_the_reason() {
    let mut rig = rated("100 3", &["w1"], 9);
    rig.given(["HSET jq:{q}:meta active 2"]);
    assert_eq!(ask(&mut rig, 0, "w1", 9), "2active");
    assert_eq!(tat(&mut rig), "1700000000200.000");
    rig.given(["HSET jq:{q}:meta active 8"]);
    assert_eq!(ask(&mut rig, 0, "w1", 9), "1, look at +100");
}

/// Whether the token is there; it is taken.
fn token(rig: &mut Rig) -> bool {
    run(rig.connection(), "LPOP jq:{q}:wake") != Value::Nil
}

#[test]
fn one_worker_has_the_turn_and_the_others_look_a_second_later() {
    let mut rig = rated("100 1", &["w1", "w2", "w3"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 2), "1, look at +100");
    assert_eq!(ask(&mut rig, 0, "w2", 2), "0, look at +1100");
    assert_eq!(ask(&mut rig, 50, "w1", 2), "0, look at +100", "it is still its turn");
    assert_eq!(ask(&mut rig, 101, "w1", 2), "1, look at +200");
    assert_eq!(ask(&mut rig, 102, "w3", 2), "0, look at +1200");
    assert!(!token(&mut rig), "nobody else needs to look");
}

#[test]
fn the_turn_of_a_worker_that_is_gone_goes_to_the_next_that_looks() {
    let mut rig = rated("100 1", &["w1", "w2", "w3"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 2), "1, look at +100");
    rig.given(["ZREM jq:{q}:workers w1"]);
    assert_eq!(ask(&mut rig, 10, "w2", 2), "0, look at +100");
    assert_eq!(ask(&mut rig, 20, "w3", 2), "0, look at +1100");
    // One that doesn't look in time, too.
    assert_eq!(ask(&mut rig, 130, "w3", 2), "1, look at +210");
}

#[test]
fn a_full_worker_keeps_the_turn_and_wakes_another_only_for_what_may_start_now() {
    let mut rig = rated("100 1", &["w1", "w2"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 1), "1, look at +100");
    assert!(!token(&mut rig), "it looks, or hands over if it has no room then");
    assert_eq!(ask(&mut rig, 1, "w2", 2), "0, look at +1100");
    assert_eq!(ask(&mut rig, 2, "w1", 0), "0");
    assert!(token(&mut rig), "it asks for none, so it won't look");
    let mut rig = rated("100 3", &["w1", "w2"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 1), "1");
    assert!(token(&mut rig));
    assert_eq!(ask(&mut rig, 1, "w2", 3), "2, look at +100");
    assert_eq!(ask(&mut rig, 2, "w1", 0), "0");
    assert!(!token(&mut rig), "another looks");
}

#[test]
fn turns_are_passed_on_after_a_second() {
    let mut rig = rated("400 1", &["w1", "w2"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 2), "1, look at +400");
    assert_eq!(ask(&mut rig, 400, "w1", 2), "1, look at +800");
    assert_eq!(ask(&mut rig, 800, "w1", 2), "1, look at +1200");
    assert!(!token(&mut rig));
    assert_eq!(ask(&mut rig, 1_200, "w1", 2), "1, look at +2600");
    assert!(token(&mut rig));
    assert_eq!(ask(&mut rig, 1_201, "w2", 2), "0, look at +1600");
    // There is no other.
    rig.given(["ZREM jq:{q}:workers w1"]);
    assert_eq!(ask(&mut rig, 4_000, "w2", 2), "1, look at +4380");
    assert!(!token(&mut rig));
}

#[test]
fn a_late_start_does_not_move_the_later_ones() {
    let mut rig = rated("100 1", &["w1"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 2), "1, look at +100");
    assert_eq!(ask(&mut rig, 115, "w1", 2), "1, look at +200");
    // Not by more than 20 ms.
    assert_eq!(ask(&mut rig, 240, "w1", 2), "1, look at +320");
    // A burst gives more than that.
    let mut rig = rated("100 2", &["w1"], 9);
    assert_eq!(ask(&mut rig, 0, "w1", 3), "2, look at +100");
    assert_eq!(ask(&mut rig, 215, "w1", 3), "2, look at +315");
    // Nothing was held back meanwhile: the time is counted from this start.
    let mut rig = rated("10 1", &["w1"], 2);
    assert_eq!(ask(&mut rig, 0, "w1", 2), "1, look at +10");
    assert_eq!(ask(&mut rig, 10, "w1", 2), "1");
    rig.given(["ZADD jq:{q}:waiting 1 x 2 y 3 z"]);
    assert_eq!(ask(&mut rig, 500, "w1", 3), "1, look at +510");
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let mut rig = rated("10 5", &["w1"], 9);
    rig.given([
        "HSET jq:{q}:meta tat 1700003600000.000 throttled_until 1700003600000 throttled_from 1700003590000",
    ]);
    assert_eq!(ask(&mut rig, 0, "w1", 9), "5, look at +10");
    // A burst ahead is as it should be.
    let mut rig = rated("10 5", &["w1"], 9);
    rig.given(["HSET jq:{q}:meta tat 1700000000050.000"]);
    assert_eq!(ask(&mut rig, 0, "w1", 9), "0, look at +10");
}
