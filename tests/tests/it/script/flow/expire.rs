//! `lua/flow/expire.lua`

use expect_test::expect;
use jobqueue_tests::raw::{NOW, Rig, args};

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
    rig.holds(expect![[""]]);
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
