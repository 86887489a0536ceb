//! `lua/worker/identify.lua`

use expect_test::expect;
use jobqueue_tests::raw::{NOW, Rig, args};

const KEYS: &[&str] = &["workers", "identities", "meta", "deploys"];

/// A worker that came after all that is noted.
const LATE: u64 = NOW + 1;

fn release(version: &str) -> String {
    format!("\nshop\n{version}\n")
}

/// What a worker of this version says, behind its name.
fn card(version: &str) -> String {
    format!("…{}…", release(version))
}

/// A worker says who it is.
fn comes(rig: &mut Rig, worker: &str, version: &str, since: u64) {
    rig.given([format!("ZADD jq:{{q}}:workers {NOW} {worker}").as_str()]);
    rig.replies(KEYS, args![worker, card(version), release(version), since], "1");
}

/// The versions that are noted.
fn noted(rig: &mut Rig) -> Vec<String> {
    let all = jobqueue_tests::raw::run(rig.connection(), "LRANGE jq:{q}:deploys 0 -1");
    let all: Vec<String> = redis::from_redis_value(all).expect("texts");
    let version = |it: &String| it.split('\n').nth(2).map(str::to_owned);
    all.iter().filter_map(version).collect()
}

fn rig() -> Rig {
    crate::script::rig("worker/identify")
}

#[test]
fn notes_who_a_worker_is_and_notes_it_anew() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000005000 w1"]);
    rig.replies(KEYS, args!["w1", "card", release("1"), 0], "1");
    rig.replies(KEYS, args!["w1", "other", release("1"), 0], "1");
    rig.holds(expect![[r#"
        jq:{q}:deploys list, expires
          1700000000000\nshop\n1\n
        jq:{q}:identities hash
          w1 = other
        jq:{q}:workers zset
          1700000005000 w1
    "#]]);
}

#[test]
fn one_that_is_gone_leaves_nothing_behind() {
    let mut rig = rig();
    rig.given(["ZADD jq:{q}:workers 1700000005000 w1"]);
    let before = rig.dump();
    rig.replies(KEYS, args!["w2", "card", release("1"), 0], "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9", "ZADD jq:{q}:workers 1700000005000 w1"]);
    rig.refuses(KEYS, args!["w1", "card", release("1"), 0], "LAYOUT 9 2");
}

#[test]
fn a_version_begins_with_its_first_worker_and_again_when_it_comes_back() {
    let mut rig = rig();
    comes(&mut rig, "a1", "1", LATE);
    comes(&mut rig, "a2", "1", LATE);
    assert_eq!(noted(&mut rig), ["1"]);
    // A rolling deployment: one of the old version starts anew meanwhile.
    comes(&mut rig, "b1", "2", LATE);
    comes(&mut rig, "a3", "1", LATE);
    comes(&mut rig, "b2", "2", LATE);
    assert_eq!(noted(&mut rig), ["1", "2"]);
    // One that was there all the time joins again, when no other of its version is left.
    rig.given(["DEL jq:{q}:identities"]);
    comes(&mut rig, "a4", "1", NOW);
    assert_eq!(noted(&mut rig), ["1", "2"]);
    // The old version is put back.
    rig.given(["DEL jq:{q}:identities"]);
    comes(&mut rig, "a5", "1", LATE);
    assert_eq!(noted(&mut rig), ["1", "2", "1"]);
    // No version of which it is a part.
    comes(&mut rig, "c1", "12", LATE);
    comes(&mut rig, "d1", "2", LATE);
    assert_eq!(noted(&mut rig), ["1", "2", "1", "12", "2"]);
}

#[test]
fn programs_have_versions_of_their_own() {
    let mut rig = rig();
    comes(&mut rig, "a", "1", LATE);
    rig.given([format!("ZADD jq:{{q}}:workers {NOW} b").as_str()]);
    rig.replies(KEYS, args!["b", "card", "\nmail\n1\n", LATE], "1");
    comes(&mut rig, "c", "1", LATE);
    assert_eq!(noted(&mut rig), ["1", "1"]);
    comes(&mut rig, "d", "2", LATE);
    assert_eq!(noted(&mut rig), ["1", "1", "2"]);
}

#[test]
fn no_more_than_a_hundred_are_kept_and_they_lapse() {
    let mut rig = rig();
    rig.given(["RPUSH jq:{q}:deploys what another version has noted"]);
    for version in 0..105 {
        rig.given(["DEL jq:{q}:identities"]);
        comes(&mut rig, "w", &format!("v{version}"), LATE);
    }
    let noted = noted(&mut rig);
    assert_eq!((noted.len(), noted[0].as_str(), noted[99].as_str()), (100, "v5", "v104"));
    let left = jobqueue_tests::raw::run(rig.connection(), "PTTL jq:{q}:deploys");
    let left: i64 = redis::from_redis_value(left).expect("a number");
    assert!((1..=2_400 * 3_600_000).contains(&left), "{left}");
}
