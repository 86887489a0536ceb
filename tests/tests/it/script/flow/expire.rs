//! `lua/flow/expire.lua`

use expect_test::expect;
use jobqueue_tests::raw::{NOW, Rig, args, run};

use super::started;

const KEYS: &[&str] = &["ticks", "meta"];

fn rig() -> Rig {
    // rig("flow/expire")
    let mut rig = started("flow/expire", "f");
    rig.given([
        "HSET jq:{q}:flow:F deadline 1700000001000 death q~0~d",
        "ZADD jq:{q}:ticks 1700000001000 flow~F",
        "HSET jq:{q}:meta ticks 1700000001000",
    ]);
    rig
}

fn expire() -> Vec<Vec<u8>> {
    args![Rig::BASE, "F", "7 -1 -1 o"]
}

#[test]
fn a_flow_whose_time_is_up_is_dropped() {
    let mut rig = rig();
    rig.at(NOW + 1_000);
    rig.replies(KEYS, expire(), "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          flow = F
          node_skipped = F.1.0@
          flow = F
        jq:{q}:flow:F hash
          cancelled = 1
          created = 1700000000000
          deadline = 1700000001000
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          late = 1
          left = 2
          many = 0
          nodes = 3
          root = 1
          root_failed = -
          state = cancelling
          why = 7 -1 -1 o
        jq:{q}:flow:F:done hash
          1 = 1700000001000 -
        jq:{q}:flow:F:groups hash
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:left hash
          0 = 2
          1 = 0
        jq:{q}:flow:F:names hash
          0 = leaf
          1 = top
        jq:{q}:flow:F:over hash
          1 = 0 5 - 1
        jq:{q}:flow:F:records hash
          0.0 = a
          0.1 = b
          1.0 = c
        jq:{q}:flow:F:sent hash
          0 = 2
        jq:{q}:flow:F:waits hash
          1 = 1
        jq:{q}:flow:ids hash
          F = f
        jq:{q}:flows hash
          f = F
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = q, id = F.death, priority = 0, record = d
          to = leaves, id = F, priority = 0, record = F.0.0@ F.0.1@, cancel = +7 -1 -1 o
          to = leaves, id = F, priority = 0, record = F.0.0@ F.0.1@, cancel = -7 -1 -1 o
    "#]]);
    let before = rig.dump();
    rig.replies(KEYS, expire(), "0");
    rig.dump().assert_unchanged_since(&before);
}

/// The clock was set back, or another worker was faster.
#[test]
fn one_whose_time_is_not_up_stays() {
    let mut rig = rig();
    let before = rig.dump();
    rig.replies(KEYS, expire(), "0");
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn of_one_that_has_ended_or_is_gone_the_tick_goes() {
    for given in ["HSET jq:{q}:flow:F state completed", "DEL jq:{q}:flow:F"] {
        let mut rig = rig();
        rig.at(NOW + 1_000);
        rig.given([given]);
        rig.replies(KEYS, expire(), "0");
        let dump = rig.dump().to_string();
        assert!(!dump.contains("ticks"), "{dump}");
        rig.given(["HSET jq:{q}:meta layout 0"]);
        rig.refuses(KEYS, expire(), "LAYOUT 0 2");
    }
}

#[test]
fn a_large_one_that_has_ended_goes_when_its_time_is_up() {
    let mut rig = started("flow/note", "f");
    rig.given(["HSET jq:{q}:flow:F nodes 5001"]);
    let ends = ["0.0", "0.1", "1.0"].map(|node| format!("F.{node}@"));
    let mut told = args![Rig::BASE];
    for end in &ends {
        told.extend(args![end.as_str(), super::COMPLETED]);
    }
    // The first call sends the root, and the second hears of its end.
    for _ in 0..2 {
        rig.call(&["outbox", "meta"], told.clone()).expect("told");
    }
    let fires = |rig: &mut Rig| {
        let due = run(rig.connection(), "ZSCORE jq:{q}:ticks flow~F");
        redis::from_redis_value::<Option<u64>>(due).expect("a number")
    };
    assert_eq!(fires(&mut rig), Some(NOW + 9_000));
    rig.script(super::super::source("flow/expire"));
    rig.at(NOW + 8_999);
    rig.replies(KEYS, expire(), "0");
    assert_eq!(fires(&mut rig), Some(NOW + 9_000));
    rig.at(NOW + 9_000);
    rig.replies(KEYS, expire(), "0");
    rig.given(["DEL jq:{q}:outbox jq:{q}:events"]);
    rig.holds(expect![[r#"
        jq:{q}:meta hash
          layout = 2
    "#]]);
}
