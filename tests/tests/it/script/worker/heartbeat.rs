//! `lua/worker/heartbeat.lua`

use expect_test::expect;
use jobqueue_tests::{
    raw::{Rig, args, run},
    text,
};

const KEYS: &[&str] = &["workers", "running:w1", "meta"];

fn rig() -> Rig {
    crate::script::rig("worker/heartbeat")
}

#[test]
fn moves_the_lease() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1 5 other", "HSET jq:{q}:running:w1 a 1:1"]);
    rig.replies(KEYS, args!["w1", 10000], "1");
    rig.holds(expect![[r#"
        jq:{q}:running:w1 hash
          a = 1:1
        jq:{q}:workers zset
          5 other
          1700000010000 w1
    "#]]);
}

#[test]
fn refuses_one_that_is_not_known() {
    let mut rig = rig();
    rig.refuses(
        KEYS,
        args!["w1", 10000],
        "LEASELOST the worker is not known, or its lease ran out",
    );
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["w1", 1], "LAYOUT 9 2");
}

#[test]
fn counts_what_is_held() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1", "HSET jq:{q}:running:other x 1:1"]);
    rig.replies(KEYS, args!["w1", 10000], "0");
    rig.given(["HSET jq:{q}:running:w1 a 1:1 b 2:1 c 3:1"]);
    rig.replies(KEYS, args!["w1", 10000], "3");
}

#[test]
fn a_full_server_still_takes_it() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1 w1", "CONFIG SET maxmemory 1"]);
    let set = redis::cmd("SET").arg("other").arg("1").query::<()>(rig.connection());
    assert!(set.is_err(), "the server takes more");
    rig.replies(KEYS, args!["w1", 10000], "0");
    rig.holds(expect![[r#"
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn a_worker_that_waits_for_an_answer_does_not_say_that_it_has_heard_of_its_jobs() {
    let mut rig = rig();
    let mut deadline = |before: &str, heard: &str| {
        run(rig.connection(), &format!("ZADD jq:{{q}}:workers {before} w1"));
        rig.replies(KEYS, args!["w1", 10000, heard], "0");
        text::reply(&run(rig.connection(), "ZSCORE jq:{q}:workers w1"))
    };
    assert_eq!(deadline("1700000000000.5", "0"), r#""1700000010000.5""#);
    assert_eq!(deadline("1700000000000.5", "1"), r#""1700000010000""#);
    assert_eq!(deadline("1700000000000", "0"), r#""1700000010000""#, "it has heard of them before");
}

#[test]
fn says_which_of_its_jobs_are_to_end_as_cancelled() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 1 w1",
        "HSET jq:{q}:meta cancelling 1",
        "HSET jq:{q}:running:w1 a 1:1 b 1:1",
        "HSET jq:{q}:cancels a mark other mark",
    ]);
    rig.replies(KEYS, args!["w1", 10000], r#"[2, "a", "mark"]"#);
    run(rig.connection(), "HDEL jq:{q}:cancels a");
    rig.replies(KEYS, args!["w1", 10000], "[2]");
}

#[test]
fn after_the_clock_was_set_back_all_leases_end_as_soon_as_before() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700003610000 w1 1700003604000 dead"]);
    rig.replies(KEYS, args!["w1", 10_000, 1], "0");
    rig.holds(expect![[r#"
        jq:{q}:workers zset
          1700000004000 dead
          1700000010000 w1
    "#]]);
}
