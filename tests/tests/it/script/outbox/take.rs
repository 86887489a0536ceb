//! `lua/outbox/take.lua`

use expect_test::expect;
use jobqueue_tests::raw::{Rig, args};

const KEYS: &[&str] = &["outbox", "relay", "meta"];

fn rig() -> Rig {
    crate::script::rig("outbox/take")
}

fn three(rig: &mut Rig) {
    rig.given([
        "XADD jq:{q}:outbox 1-1 to a id j1 priority 0 record r1",
        "XADD jq:{q}:outbox 1-2 to b id j2 priority -5 record r2",
        "XADD jq:{q}:outbox 2-0 to a id j3 priority 0 record r3",
    ]);
}

#[test]
fn hands_out_the_head_in_order_to_one_relay() {
    let mut rig = rig();
    three(&mut rig);
    let two = r#"[0, [["1-1", "a", "j1", "0", "r1"], ["1-2", "b", "j2", "-5", "r2"]], "1-2"]"#;
    rig.replies(KEYS, args!["w1", 60_000, 2, "0-0", 0, ""], two);
    rig.replies(KEYS, args!["w1", 60_000, 2, "0-0", 0, ""], two);
    let answer = rig.call(KEYS, args!["w2", 60_000, 2, "0-0", 0, ""]).expect("an answer");
    let text = jobqueue_tests::text::reply(&answer);
    assert!(text.ends_with(", [], \"\"]") && !text.starts_with("[0"), "{text}");
}

#[test]
fn removes_delivered_entries_and_frees_the_lock_when_all_are_done() {
    let mut rig = rig();
    three(&mut rig);
    rig.replies(
        KEYS,
        args!["w1", 60_000, 9, "0-0", 0, "", "1-1", "1-2"],
        r#"[0, [["2-0", "a", "j3", "0", "r3"]], "2-0"]"#,
    );
    rig.replies(KEYS, args!["w1", 60_000, 9, "0-0", 0, "", "2-0"], r#"[0, [], ""]"#);
    // The stream stays, empty: its ids must go on rising, since targets compare them.
    rig.holds(expect![[r#"
        jq:{q}:outbox stream
    "#]]);
    rig.replies(KEYS, args!["w2", 60_000, 9, "0-0", 0, ""], r#"[0, [], ""]"#);
}

#[test]
fn removes_delivered_entries_for_a_late_relay_too() {
    let mut rig = rig();
    three(&mut rig);
    rig.given(["SET jq:{q}:relay w2 PX 60000"]);
    let answer = rig
        .call(KEYS, args!["w1", 60_000, 9, "0-0", 0, "", "1-1", "1-2", "2-0"])
        .expect("an answer");
    assert!(jobqueue_tests::text::reply(&answer).ends_with(", [], \"\"]"));
    rig.given(["DEL jq:{q}:relay"]);
    rig.holds(expect![[r#"
        jq:{q}:outbox stream
    "#]]);
}

/// A lock that lasts longer than any was taken before the clock was set back.
#[test]
fn waits_for_another_relay_no_longer_than_its_lock_lasts() {
    let mut rig = rig();
    three(&mut rig);
    rig.given(["SET jq:{q}:relay w1 PX 3600000"]);
    rig.replies(KEYS, args!["w2", 5_000, 9, "0-0", 0, ""], r#"[5000, [], ""]"#);
    let left: u64 = redis::cmd("PTTL").arg("jq:{q}:relay").query(rig.connection()).expect("ms");
    assert!((1..=5_000).contains(&left), "{left} ms");
}

#[test]
fn stops_at_a_mebibyte() {
    let mut rig = rig();
    let record = "x".repeat(700_000);
    for _ in 0..3 {
        let put = format!("XADD jq:{{q}}:outbox * to a id j priority 0 record {record}");
        rig.given([put.as_str()]);
    }
    let answer = rig.call(KEYS, args!["w1", 60_000, 9, "0-0", 0, ""]).expect("an answer");
    let text = jobqueue_tests::text::reply(&answer);
    assert_eq!(text.matches("\"j\"").count(), 1);
}

/// Many small entries and large ones among them: all come, in order, and no answer is large.
#[test]
fn entries_of_all_sizes_come_in_order() {
    let mut rig = rig();
    for n in 0..120 {
        let record = "x".repeat(if n % 40 < 38 { 10 } else { 600_000 });
        let put = format!("XADD jq:{{q}}:outbox * to a id j{n} priority 0 record {record}");
        rig.given([put.as_str()]);
    }
    let (mut from, mut ids) = ("0-0".to_owned(), Vec::new());
    loop {
        let answer = rig.call(KEYS, args!["w1", 60_000, 1_000, from, 0, ""]).expect("an answer");
        let (_, entries, _): (u64, Vec<[String; 5]>, String) =
            redis::from_redis_value(answer).expect("entries");
        let Some(last) = entries.last() else { break };
        assert!(entries.iter().map(|entry| entry[4].len()).sum::<usize>() <= 1 << 20);
        let (ms, number) = last[0].split_once('-').expect("an id");
        from = format!("{ms}-{}", number.parse::<u64>().expect("a number") + 1);
        ids.extend(entries.into_iter().map(|entry| entry[2].clone()));
    }
    assert_eq!(ids, (0..120).map(|n| format!("j{n}")).collect::<Vec<_>>());
}

#[test]
fn what_does_not_fit_the_answer_is_not_read() {
    let mut rig = rig();
    let record = "x".repeat(1_000_000);
    for _ in 0..30 {
        let put = format!("XADD jq:{{q}}:outbox * to a id j priority 0 record {record}");
        rig.given([put.as_str()]);
    }
    rig.given(["CONFIG RESETSTAT"]);
    rig.call(KEYS, args!["w1", 60_000, 1_000, "0-0", 0, ""]).expect("an answer");
    let stats: String =
        redis::cmd("INFO").arg("commandstats").query(rig.connection()).expect("stats");
    let reads = stats.lines().filter(|line| line.starts_with("cmdstat_xrange:calls=1,"));
    assert_eq!(reads.count(), 1, "one read of one entry: {stats}");
}

#[test]
fn continues_after_an_entry_and_frees_the_lock_on_demand() {
    let mut rig = rig();
    three(&mut rig);
    let last = r#"[0, [["2-0", "a", "j3", "0", "r3"]], "2-0"]"#;
    rig.replies(KEYS, args!["w1", 60_000, 9, "1-3", 0, "", "1-1"], last);
    // Another relay may begin as soon as the lock is free.
    rig.replies(KEYS, args!["w1", 60_000, 0, "0-0", 0, ""], r#"[0, [], ""]"#);
    let rest = r#"[0, [["1-2", "b", "j2", "-5", "r2"], ["2-0", "a", "j3", "0", "r3"]], "2-0"]"#;
    rig.replies(KEYS, args!["w2", 60_000, 9, "0-0", 0, ""], rest);
}

/// Of a relay whose targets are stuck: others needn't read what stands there.
#[test]
fn keeps_the_lock_without_entries_if_told_to() {
    let mut rig = rig();
    three(&mut rig);
    rig.replies(KEYS, args!["w1", 60_000, 9, "2-1", 1, ""], r#"[0, [], ""]"#);
    let answer = rig.call(KEYS, args!["w2", 60_000, 9, "0-0", 0, ""]).expect("an answer");
    assert!(!jobqueue_tests::text::reply(&answer).starts_with("[0"), "w1 has it");
    rig.given(["PEXPIRE jq:{q}:relay 1000"]);
    rig.replies(KEYS, args!["w1", 60_000, 9, "2-1", 1, ""], r#"[0, [], ""]"#);
    let left: u64 = redis::cmd("PTTL").arg("jq:{q}:relay").query(rig.connection()).expect("ms");
    assert!(left > 1_000, "{left} ms");
    rig.replies(KEYS, args!["w1", 60_000, 9, "2-1", 0, ""], r#"[0, [], ""]"#);
    let first = r#"[0, [["1-1", "a", "j1", "0", "r1"]], "1-1"]"#;
    rig.replies(KEYS, args!["w2", 60_000, 1, "0-0", 0, ""], first);
}

/// Entries of stuck targets are passed over, unless another target has them too.
#[test]
fn leaves_out_entries_that_are_for_some_targets_alone() {
    let mut rig = rig();
    rig.given([
        "XADD jq:{q}:outbox 1-1 to a id j1 priority 0 record r1",
        "XADD jq:{q}:outbox 1-2 to a\nb id j2 priority 0 record r2",
        "XADD jq:{q}:outbox 1-4 to b id j4 priority 0 record r4",
    ]);
    let mut twice = redis::cmd("XADD");
    twice.arg("jq:{q}:outbox").arg("1-5").arg("to").arg("a\na welcome").arg("id").arg("j5");
    twice.arg("priority").arg(0).arg("record").arg("r5");
    let _: String = twice.query(rig.connection()).expect("added");
    let some = r#"[0, [["1-2", "a\nb", "j2", "0", "r2"], ["1-4", "b", "j4", "0", "r4"]], "1-5"]"#;
    rig.replies(KEYS, args!["w1", 60_000, 9, "0-0", 1, "a"], some);
    rig.replies(KEYS, args!["w1", 60_000, 9, "0-0", 1, "a\nb"], r#"[0, [], "1-5"]"#);
    rig.replies(KEYS, args!["w1", 60_000, 3, "1-3", 1, "b\na"], r#"[0, [], "1-5"]"#);
    rig.replies(KEYS, args!["w1", 60_000, 1, "0-0", 1, "a"], r#"[0, [], "1-1"]"#);
    rig.replies(KEYS, args!["w1", 60_000, 9, "1-6", 0, "a"], r#"[0, [], ""]"#);
}

/// What is relayed to another server leaves a full one.
#[test]
fn works_on_a_full_redis() {
    let mut rig = rig();
    three(&mut rig);
    rig.given(["CONFIG SET maxmemory 1"]);
    let first = r#"[0, [["1-1", "a", "j1", "0", "r1"]], "1-1"]"#;
    rig.replies(KEYS, args!["w1", 60_000, 1, "0-0", 0, ""], first);
    rig.replies(KEYS, args!["w1", 60_000, 1, "0-0", 0, "", "1-2", "2-0"], first);
    rig.replies(KEYS, args!["w1", 60_000, 1, "0-0", 0, "", "1-1"], r#"[0, [], ""]"#);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    three(&mut rig);
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args!["w1", 60_000, 9, "0-0", 0, "", "1-1"], "LAYOUT 9 2");
}

#[test]
fn hands_out_what_goes_along() {
    let mut rig = rig();
    rig.given(["XADD jq:{q}:outbox 1-1 to a id j1 priority 0 record r1 error e2 error e1"]);
    let entry = r#"[0, [["1-1", "a", "j1", "0", "r1", "error", "e2", "error", "e1"]], "1-1"]"#;
    rig.replies(KEYS, args!["w1", 60_000, 2, "0-0", 0, ""], entry);
}
