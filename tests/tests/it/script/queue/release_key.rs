//! `lua/queue/release_key.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["uniques", "meta"];

fn rig() -> Rig {
    crate::script::rig("queue/release_key")
}

#[test]
fn the_key_is_free_and_its_job_goes_on_without_it() {
    let mut rig = rig();
    rig.replies(KEYS, args![Rig::BASE, "k"], "0");
    rig.given(["SET jq:{q}:unique:k a~1700000000000", "HSET jq:{q}:uniques a k b l"]);
    rig.replies(KEYS, args![Rig::BASE, "k"], "1");
    rig.holds(expect![[r#"
        jq:{q}:uniques hash
          b = l
    "#]]);
}

#[test]
fn the_next_one_takes_it_and_may_run() {
    let mut rig = rig();
    rig.given([
        "SET jq:{q}:unique:k a~1700000009000~1700000005000~b",
        "HSET jq:{q}:uniques a k b k",
        "ZADD jq:{q}:delayed 281474976710657 b",
    ]);
    rig.replies(KEYS, args![Rig::BASE, "k"], "1");
    rig.holds(expect![[r#"
        jq:{q}:attempts hash
          b = 0@1700000005000
        jq:{q}:delayed zset
          1700000005000 b
        jq:{q}:unique:k string
          b 1700000009000
        jq:{q}:uniques hash
          b = k
        jq:{q}:wake list
          1
    "#]]);
}

#[test]
fn one_that_is_there_no_more_takes_nothing() {
    let mut rig = rig();
    // Removed; and gone on its way, or added anew under its id.
    rig.given(["SET jq:{q}:unique:k a~-~0~b", "HSET jq:{q}:uniques a k"]);
    rig.given(["ZADD jq:{q}:delayed 281474976710657 b"]);
    rig.replies(KEYS, args![Rig::BASE, "k"], "1");
    rig.given(["SET jq:{q}:unique:k a~-~0~b", "HSET jq:{q}:uniques b k"]);
    rig.given(["ZADD jq:{q}:delayed 1700000005000 b"]);
    rig.replies(KEYS, args![Rig::BASE, "k"], "1");
    rig.holds(expect![[r#"
        jq:{q}:delayed zset
          1700000005000 b
        jq:{q}:uniques hash
          b = k
    "#]]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![Rig::BASE, "k"], "LAYOUT 9 2");
}
