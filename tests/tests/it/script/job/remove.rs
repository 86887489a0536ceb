//! `lua/job/remove.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &[
    "waiting",
    "delayed",
    "completed",
    "failed",
    "workers",
    "jobs",
    "priority",
    "attempts",
    "stalls",
    "misses",
    "progress",
    "listed",
    "uniques",
    "outcomes",
    "meta",
    "events",
];

fn rig() -> Rig {
    crate::script::rig("job/remove")
}

#[test]
fn removes_everything_kept_of_jobs() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:jobs a r",
        "HSET jq:{q}:attempts a 2",
        "HSET jq:{q}:stalls a 1",
        "HSET jq:{q}:misses a 1",
        "HSET jq:{q}:progress a p",
        "HSET jq:{q}:outcomes a o",
        "HSET jq:{q}:priority a -5",
        "SADD jq:{q}:listed a",
        "RPUSH jq:{q}:errors:a e",
        "RPUSH jq:{q}:logs:a l",
        "HSET jq:{q}:uniques a ka",
        "SET jq:{q}:unique:ka a",
        "ZADD jq:{q}:failed 1 a",
        "HSET jq:{q}:jobs b r",
        "ZADD jq:{q}:waiting 1 b 2 c",
        "HSET jq:{q}:jobs c r",
    ]);
    rig.replies(
        KEYS,
        args![Rig::BASE, "removed", "", "a", "b", "missing"],
        "\"removed removed -\"",
    );
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = a b
        jq:{q}:jobs hash
          c = r
        jq:{q}:waiting zset
          2 c
    "#]]);
}

#[test]
fn what_is_active_or_in_another_state_than_is_meant_stays() {
    let states = ["waiting", "delayed", "completed", "failed", "cancelled"];
    for meant in ["", "waiting delayed", "completed", "failed cancelled"] {
        let mut rig = rig();
        rig.given(["ZADD jq:{q}:workers 1 w", "HSET jq:{q}:running:w active 1:1"]);
        for state in states {
            rig.given([
                &format!("ZADD jq:{{q}}:{state} 1 {state}")[..],
                &format!("HSET jq:{{q}}:jobs {state} r"),
            ]);
        }
        let is_meant = |state: &&str| meant.is_empty() || meant.contains(*state);
        let word = |state| if is_meant(&state) { "removed" } else { state };
        let words: Vec<_> = states.map(word).into_iter().chain(["active", "-"]).collect();
        let ids = [&states[..], &["active", "none"]].concat();
        rig.replies(
            KEYS,
            args![Rig::BASE, "removed", meant, ids],
            &format!("{:?}", words.join(" ")),
        );
        let left: Vec<String> =
            redis::cmd("HKEYS").arg("jq:{q}:jobs").query(rig.connection()).expect("keys");
        assert_eq!(left.len(), states.iter().filter(|state| !is_meant(state)).count(), "{meant}");
    }
}

#[test]
fn a_job_that_is_named_twice_counts_once() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:waiting 1 a", "HSET jq:{q}:jobs a r"]);
    rig.replies(KEYS, args![Rig::BASE, "removed", "", "a", "a"], "\"removed -\"");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          removed = a
    "#]]);
}

#[test]
fn a_key_that_is_anothers_stays() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:waiting 1 a",
        "HSET jq:{q}:jobs a r",
        "HSET jq:{q}:uniques a k",
        "SET jq:{q}:unique:k other",
        "HSET jq:{q}:meta layout 2 events 0",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "removed", "", "a"], "\"removed\"");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:unique:k string
          other
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "removed", "", "a"], "LAYOUT 9 2");
}

#[test]
fn a_removed_job_does_not_expire() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "ZADD jq:{q}:waiting 1 a",
        "ZADD jq:{q}:expiring 1 a",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "removed", "", "a"], "\"removed\"");
    let left = jobqueue_tests::raw::run(rig.connection(), "EXISTS jq:{q}:expiring");
    assert_eq!(left, redis::Value::Int(0));
}

#[test]
fn the_caller_of_a_request_hears_of_it() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "HSET jq:{q}:jobs a@ ra b rb",
        "ZADD jq:{q}:waiting 1 a@ 2 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "overflow", "", "a@", "b"], "\"removed removed\"");
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:outbox stream
          to = @, id = a@, priority = 0, record = ra, gone = overflow
    "#]]);
}

#[test]
fn the_next_one_of_a_key_may_run_unless_it_is_removed_as_well() {
    let given = [
        "ZADD jq:{q}:waiting 1 a",
        "HSET jq:{q}:jobs a ra b rb",
        "ZADD jq:{q}:delayed 281474976710657 b",
        "SET jq:{q}:unique:k a~-~0~b",
        "HSET jq:{q}:uniques a k b k",
        "HSET jq:{q}:meta events 0",
    ];
    let mut one = rig();
    one.given(given);
    one.replies(KEYS, args![Rig::BASE, "removed", "", "a"], "\"removed\"");
    one.holds(expect![[r#"
        jq:{q}:attempts hash
          b = 0@1700000000000
        jq:{q}:delayed zset
          0 b
        jq:{q}:jobs hash
          b = rb
        jq:{q}:meta hash
          events = 0
        jq:{q}:unique:k string
          b
        jq:{q}:uniques hash
          b = k
        jq:{q}:wake list
          1
    "#]]);
    for both in [["a", "b"], ["b", "a"]] {
        let mut rig = rig();
        rig.given(given);
        rig.replies(KEYS, args![Rig::BASE, "removed", "", &both], "\"removed removed\"");
        let left = rig.dump().0.into_keys().collect::<Vec<_>>();
        assert_eq!(left, ["jq:{q}:meta"], "{both:?}");
    }
}

#[test]
fn a_job_leaves_the_sets_of_its_tags() {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 events 0",
        "HSET jq:{q}:jobs a r b r",
        "ZADD jq:{q}:waiting 1 a 2 b",
        "HSET jq:{q}:tags a x b x",
        "ZADD jq:{q}:tag:x 0 a 0 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "removed", "", "a"], "\"removed\"");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          b = r
        jq:{q}:meta hash
          events = 0
          layout = 2
        jq:{q}:tag:x zset
          0 b
        jq:{q}:tags hash
          b = x
        jq:{q}:waiting zset
          2 b
    "#]]);
}
