//! `lua/flow/note.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

use super::{CANCELLED, COMPLETED, FAILED, started};

const KEYS: &[&str] = &["outbox", "meta"];

fn rig(policy: &str) -> Rig {
    // rig("flow/note")
    started("flow/note", policy)
}

fn ends(ends: &[(&str, &[u8])]) -> Vec<Vec<u8>> {
    let mut args = args![Rig::BASE];
    for (id, outcome) in ends {
        args.extend(args![*id, *outcome]);
    }
    args
}

#[test]
fn what_waited_for_the_last_end_is_sent() {
    let mut rig = rig("f");
    rig.replies(KEYS, ends(&[("F.0.0@", COMPLETED)]), "0");
    let before = rig.dump();
    // It comes again, and so do ends of other flows, of other tries, and of no node; and of one that
    // was not sent yet, as far as is known here.
    let again = [("F.0.0@", FAILED), ("G.0.0@", FAILED), ("F.0.1.7@", FAILED), ("x", FAILED)];
    rig.replies(KEYS, ends(&again), "0");
    let unsent = [("F.1.0@", COMPLETED), ("F.0.2@", COMPLETED), ("F.9.0@", COMPLETED)];
    rig.replies(KEYS, ends(&unsent), "0");
    rig.dump().assert_unchanged_since(&before);
    rig.replies(KEYS, ends(&[("F.0.1@", COMPLETED), ("F.0.1@", FAILED)]), "1");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          node_completed = F.0.0@
          node_completed = F.0.1@
        jq:{q}:flow:F hash
          completed = 2
          created = 1700000000000
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          left = 1
          many = 0
          nodes = 3
          root = 1
          state = running
        jq:{q}:flow:F:done hash
          0 = 1700000000000 0.1
        jq:{q}:flow:F:groups hash
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:left hash
          0 = 0
          1 = 1
        jq:{q}:flow:F:names hash
          0 = leaf
          1 = top
        jq:{q}:flow:F:outcomes hash
          0.0 = \x93\u{0}r
          0.1 = \x93\u{0}r
        jq:{q}:flow:F:records hash
          0.0 = a
          0.1 = b
          1.0 = c
        jq:{q}:flow:F:sent hash
          0 = 2
          1 = 1
        jq:{q}:flow:F:waits hash
          1 = 0
        jq:{q}:flow:ids hash
          F = f
        jq:{q}:flows hash
          f = F
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = tops, id = F.1.0@, priority = -5, record = c
    "#]]);
}

#[test]
fn the_last_end_ends_the_flow() {
    let mut rig = rig("f");
    rig.given(["HSET jq:{q}:flow:F success q~0~s complete q~0~c death q~0~d"]);
    rig.replies(KEYS, ends(&[("F.0.0@", COMPLETED), ("F.0.1@", COMPLETED)]), "1");
    rig.given(["DEL jq:{q}:outbox"]);
    rig.replies(KEYS, ends(&[("F.1.0@", COMPLETED)]), "2");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          node_completed = F.0.0@ F.0.1@
          node_completed = F.1.0@
          flow = F
          flow = F
        jq:{q}:flow:F hash, expires
          completed = 3
          created = 1700000000000
          death = q 0 d
          ended = 1700000000000
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          left = 0
          many = 0
          nodes = 3
          root = 1
          state = completed
        jq:{q}:flow:F:done hash, expires
          0 = 1700000000000 0.1
          1 = 1700000000000 1.0
        jq:{q}:flow:F:groups hash, expires
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:left hash, expires
          0 = 0
          1 = 0
        jq:{q}:flow:F:names hash, expires
          0 = leaf
          1 = top
        jq:{q}:flow:F:outcomes hash, expires
          0.0 = \x93\u{0}r
          0.1 = \x93\u{0}r
          1.0 = \x93\u{0}r
        jq:{q}:flow:F:records hash, expires
          0.0 = a
          0.1 = b
          1.0 = c
        jq:{q}:flow:F:sent hash, expires
          0 = 2
          1 = 1
        jq:{q}:flow:F:waits hash, expires
          1 = 0
        jq:{q}:flow:ids hash
          F = f
        jq:{q}:flows hash
          f = F
        jq:{q}:flows:ended zset
          1700000000000 F
        jq:{q}:flows:kept zset
          1700000009000 F
        jq:{q}:meta hash
          layout = 2
        jq:{q}:outbox stream
          to = q, id = F.complete, priority = 0, record = c
          to = q, id = F.success, priority = 0, record = s
    "#]]);
}

#[test]
fn a_failure_fails_what_waits_and_drops_its_siblings() {
    let mut rig = rig("f");
    rig.given(["HSET jq:{q}:flow:F death q~0~d"]);
    rig.replies(KEYS, ends(&[("F.0.0@", FAILED)]), "3");
    rig.holds(expect![[r#"
        jq:{q}:events stream
          node_failed = F.0.0@
          node_skipped = F.1.0@
          flow = F
        jq:{q}:flow:F hash
          cause = 0.0
          created = 1700000000000
          failed = 2
          groups = 2
          id = f
          keep = 9000
          keep_failed = 90000
          left = 1
          many = 0
          nodes = 3
          root = 1
          root_failed = 0.0
          state = running
        jq:{q}:flow:F:bad hash
          0 = 1
        jq:{q}:flow:F:done hash
          1 = 1700000000000 -
        jq:{q}:flow:F:groups hash
          0 = 2 f 0 - - - leaves 1 -
          1 = 1 f -5 - - - tops - 0
        jq:{q}:flow:F:left hash
          0 = 1
          1 = 0
        jq:{q}:flow:F:names hash
          0 = leaf
          1 = top
        jq:{q}:flow:F:outcomes hash
          0.0 = \x92\u{1}f
        jq:{q}:flow:F:over hash
          1 = 0 4 0.0 1
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
          to = leaves, id = F, priority = 0, record = F.0.1@, cancel = -
          to = leaves, id = F, priority = 0, record = F.0.1@, cancel = -
    "#]]);
    rig.replies(KEYS, ends(&[("F.0.1@", CANCELLED)]), "3");
    let dump = rig.dump().to_string();
    for line in ["state = failed", "left = 0", "cancelled = 1", "failed = 2", "cause = 0.0"] {
        assert!(dump.contains(line), "{line}: {dump}");
    }
}

#[test]
fn other_policies_let_it_run() {
    for (policy, first) in [("i", "0"), ("c", "0"), ("d", "1")] {
        let mut rig = rig(policy);
        rig.replies(KEYS, ends(&[("F.0.0@", FAILED)]), first);
        rig.replies(KEYS, ends(&[("F.0.1@", COMPLETED)]), "1");
        rig.replies(KEYS, ends(&[("F.1.0@", COMPLETED)]), "1");
        let dump = rig.dump().to_string();
        assert!(dump.contains("state = completed"), "{policy}: {dump}");
        assert_eq!(dump.contains("ignored = 1"), policy == "i", "{dump}");
    }
}

#[test]
fn a_queue_of_another_layout_is_refused() {
    let mut rig = rig("f");
    rig.given(["HSET jq:{q}:meta layout 0"]);
    rig.refuses(KEYS, ends(&[("F.0.0@", COMPLETED)]), "LAYOUT 0 2");
}

/// Failed ones are kept for longer, and must not push out those that complete.
#[test]
fn of_too_many_the_one_that_ended_first_goes() {
    let mut rig = rig("f");
    let older = r#"
        for i = 1, 10000 do
          redis.call('ZADD', KEYS[1], 1600000000000 + i, 'old' .. i)
          redis.call('ZADD', KEYS[2], 1800000000000 + i, 'old' .. i)
        end"#;
    let (ended, kept) = ("jq:{q}:flows:ended", "jq:{q}:flows:kept");
    let mut eval = redis::cmd("EVAL");
    eval.arg(older).arg(2).arg(ended).arg(kept);
    eval.query::<()>(rig.connection()).expect("written");
    rig.replies(KEYS, ends(&[("F.0.0@", COMPLETED), ("F.0.1@", COMPLETED)]), "1");
    rig.replies(KEYS, ends(&[("F.1.0@", COMPLETED)]), "1");
    for set in [ended, kept] {
        let mut pipe = redis::pipe();
        pipe.zcard(set).zscore(set, "old1").zscore(set, "old2").zscore(set, "F");
        let found: (u64, Option<f64>, Option<f64>, Option<f64>) =
            pipe.query(rig.connection()).expect("read");
        assert_eq!((found.0, found.1), (10_000, None), "{set}");
        assert!(found.2.is_some() && found.3.is_some(), "{set}: {found:?}");
    }
}
