//! `lua/worker/observe.lua`

use expect_test::{Expect, expect};
use jobqueue_tests::{
    commands::{count_from_now, counted},
    dump::Content,
    raw::{NOW, Rig, args},
};

const KEYS: &[&str] = &[
    "histograms",
    "meta",
    "waiting",
    "delayed",
    "priority",
    "history",
    "history:1m",
    "history:10m",
    "history:1h",
];

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn rig() -> Rig {
    crate::script::rig("worker/observe")
}

/// A queue that an older version has served: what it has done so far counts for nothing.
fn served() -> Rig {
    let mut rig = rig();
    rig.given([
        "HSET jq:{q}:meta layout 2 added 50 completed 40 failed 1",
        "HSET jq:{q}:histograms run:3 5",
    ]);
    rig
}

/// So many completed.
fn completed(many: u8) -> Vec<u8> {
    vec![1, many]
}

/// Reports jobs of these names, nothing for the histograms.
fn report(rig: &mut Rig, names: &[(&str, Vec<u8>)]) {
    let of = |(name, point): &(&str, Vec<u8>)| args![*name, point.as_slice()];
    let args = [args![0], names.iter().flat_map(of).collect()].concat();
    rig.replies(KEYS, args, "1");
}

/// The history, without the other keys.
fn history(rig: &mut Rig, expected: Expect) {
    let mut dump = rig.dump();
    dump.0.retain(|key, _| key.contains("history"));
    dump.assert_is(expected);
}

/// The fields of a key of the history.
fn fields(rig: &mut Rig, key: &str) -> Vec<String> {
    let mut keys = redis::cmd("HKEYS");
    let mut found: Vec<String> =
        keys.arg(format!("jq:{{q}}:{key}")).query(rig.connection()).expect("fields");
    found.sort_unstable();
    found
}

#[test]
fn adds_to_what_was_observed() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2", "HSET jq:{q}:histograms run:3 5 wait:0 1"]);
    let told = args![3, "run:3", 2, "run:sum", 1_700, "retried", 1];
    rig.replies(KEYS, told, "1");
    rig.holds(expect![[r#"
        jq:{q}:histograms hash
          retried = 1
          run:3 = 7
          run:sum = 1700
          wait:0 = 1
        jq:{q}:history hash, expires
          # = 0 0 0 0
          @ = 28333333
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
        jq:{q}:meta hash
          layout = 2
    "#]]);
}

#[test]
fn a_new_queue_has_all_of_its_totals_and_what_is_reported_of_names() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 2 added 5 completed 3 cancelled 1"]);
    // Three completed, retried once; waits of 9 ms in the buckets 4 and 5; runs of 70 ms in bucket 8.
    let send = vec![0b11_1001, 3, 1, 0xa8, 0x46, 4, 2, 2, 1, 0xf0, 0xa2, 0x04, 8, 1, 4];
    report(&mut rig, &[("send", send), (" ", vec![2, 1])]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 5 3 0 1
          @ = 28333333
          m = \u{0}\u{7}\xc5\u{3}\u{3}\u{1}\u{5}\u{0}\u{0}
          m  = \u{0}\u{2}\u{2}\u{1}
          msend = \u{0}\u{f}9\u{3}\u{1}\xa8F\u{4}\u{2}\u{2}\u{1}\xf0\xa2\u{4}\u{8}\u{1}\u{4}
          nsend = 472222
    "#]],
    );
}

#[test]
fn only_what_is_new_counts_and_reports_of_a_minute_stand_side_by_side() {
    let mut rig = served();
    report(&mut rig, &[("send", completed(1))]);
    rig.given(["HSET jq:{q}:meta added 57 completed 42 failed 2"]);
    rig.at(NOW + 5_000);
    report(&mut rig, &[("bill", completed(2)), ("send", completed(3))]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 57 42 2 0
          @ = 28333333
          m = \u{0}\u{7}\xc3\u{3}\u{2}\u{1}\u{7}\u{0}\u{0}
          mbill = \u{0}\u{2}\u{1}\u{2}
          msend = \u{0}\u{2}\u{1}\u{1}\u{0}\u{2}\u{1}\u{3}
          nbill = 472222
          nsend = 472222
    "#]],
    );
}

#[test]
fn many_reports_of_a_minute_are_put_together() {
    let mut rig = served();
    for _ in 0..60 {
        report(&mut rig, &[("send", completed(3))]);
    }
    // The 51st makes them more than 200 bytes: their sum takes their place, and others follow.
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333333
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          msend = \u{0}\u{3}\u{1}\x99\u{1}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}\u{0}\u{2}\u{1}\u{3}
          nsend = 472222
    "#]],
    );
}

#[test]
fn the_first_report_of_a_minute_looks_at_depth_and_lag() {
    let mut rig = served();
    let rank = |ms: u64| (1_024_u64 << 42) + ms;
    let ready = format!("ZADD jq:{{q}}:waiting {} a {} b", rank(NOW - 700), rank(NOW));
    rig.given([ready.as_str()]);
    report(&mut rig, &[]);
    // Two wait. The flags have 128 for the depth and 256 for the lag, which is 700 ms.
    let point = r"\u{0}\u{5}\x80\u{3}\u{2}\xbc\u{5}";
    assert_eq!(own_point(&mut rig), point);
    rig.given(["DEL jq:{q}:waiting"]);
    rig.at(NOW + 1_000);
    report(&mut rig, &[]);
    assert_eq!(own_point(&mut rig), point, "it has looked in this minute");
    let due = format!("ZADD jq:{{q}}:delayed {} c", NOW + MINUTE - 1_500);
    rig.given([due.as_str()]);
    rig.at(NOW + MINUTE);
    report(&mut rig, &[]);
    assert_eq!(own_point(&mut rig), r"\u{0}\u{5}\x80\u{3}\u{0}\xdc\u{b}", "overdue for 1,500 ms");
}

/// What the minute that is open has of the queue.
fn own_point(rig: &mut Rig) -> String {
    let dump = rig.dump();
    let Content::Hash(fields) = &dump.0["jq:{q}:history"].content else {
        panic!("no hash: {dump:?}")
    };
    fields["m"].clone()
}

#[test]
fn a_minute_that_is_over_goes_into_the_ten_minutes_and_these_into_the_hour() {
    let mut rig = served();
    // 13 minutes past the hour, and then the next one.
    report(&mut rig, &[("send", completed(1))]);
    rig.at(NOW + MINUTE);
    report(&mut rig, &[("send", completed(2))]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333334
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          msend = \u{0}\u{2}\u{1}\u{2}
          nsend = 472222
          t = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          tsend = \u{0}\u{2}\u{1}\u{1}
        jq:{q}:history:1m hash, expires
          472222  = \r\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          472222 send = \r\u{0}\u{2}\u{1}\u{1}
    "#]],
    );
    // 20 minutes past: ten minutes are over.
    rig.at(NOW + 7 * MINUTE);
    report(&mut rig, &[("send", completed(4))]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333340
          h = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          hsend = \u{0}\u{2}\u{1}\u{3}
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          msend = \u{0}\u{2}\u{1}\u{4}
          nsend = 472222
        jq:{q}:history:10m hash, expires
          19675  = \x85\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          19675 send = \x85\u{0}\u{2}\u{1}\u{3}
        jq:{q}:history:1m hash, expires
          472222  = \r\u{0}\u{4}\x80\u{3}\u{0}\u{0}\u{e}\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          472222 send = \r\u{0}\u{2}\u{1}\u{1}\u{e}\u{0}\u{2}\u{1}\u{2}
    "#]],
    );
    // The next hour.
    rig.at(NOW + 50 * MINUTE);
    report(&mut rig, &[("bill", completed(8))]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333383
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          mbill = \u{0}\u{2}\u{1}\u{8}
          nbill = 472223
          nsend = 472222
        jq:{q}:history:10m hash, expires
          19675  = \x85\u{0}\u{4}\x80\u{3}\u{0}\u{0}\x86\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          19675 send = \x85\u{0}\u{2}\u{1}\u{3}\x86\u{0}\u{2}\u{1}\u{4}
        jq:{q}:history:1h hash, expires
          1967  = \x8e\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          1967 send = \x8e\u{0}\u{2}\u{1}\u{7}
        jq:{q}:history:1m hash, expires
          472222  = \r\u{0}\u{4}\x80\u{3}\u{0}\u{0}\u{e}\u{0}\u{4}\x80\u{3}\u{0}\u{0}\u{14}\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          472222 send = \r\u{0}\u{2}\u{1}\u{1}\u{e}\u{0}\u{2}\u{1}\u{2}\u{14}\u{0}\u{2}\u{1}\u{4}
    "#]],
    );
}

#[test]
fn the_queue_has_the_runs_of_its_names_once_the_minute_is_over() {
    let mut rig = served();
    // Retried twice, with a run of 100 µs in bucket 0; of two names.
    let point = vec![0b10_1000, 2, 100, 0, 1, 1];
    report(&mut rig, &[("bill", point.clone()), ("send", point)]);
    rig.at(NOW + MINUTE);
    report(&mut rig, &[]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333334
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          nbill = 472222
          nsend = 472222
          t = \u{0}\n\xa8\u{3}\u{4}\xc8\u{1}\u{0}\u{1}\u{2}\u{0}\u{0}
          tbill = \u{0}\u{6}(\u{2}d\u{0}\u{1}\u{1}
          tsend = \u{0}\u{6}(\u{2}d\u{0}\u{1}\u{1}
        jq:{q}:history:1m hash, expires
          472222  = \r\u{0}\n\xa8\u{3}\u{4}\xc8\u{1}\u{0}\u{1}\u{2}\u{0}\u{0}
          472222 bill = \r\u{0}\u{6}(\u{2}d\u{0}\u{1}\u{1}
          472222 send = \r\u{0}\u{6}(\u{2}d\u{0}\u{1}\u{1}
    "#]],
    );
}

#[test]
fn old_points_are_dropped_with_their_chunks() {
    let mut rig = served();
    let at = |ms: u64, minutes: u64| ms / (minutes * MINUTE);
    for (key, minutes, kept) in [("1m", 60, 25), ("10m", 1_440, 8), ("1h", 14_400, 10)] {
        // What is closed a moment later begins a new chunk.
        let newest = at(NOW, minutes);
        for chunk in [newest - kept - 1, newest - kept, newest - kept + 1, newest + kept] {
            let set = format!("HSET jq:{{q}}:history:{key} {chunk}~send x");
            rig.given([set.as_str()]);
        }
    }
    report(&mut rig, &[]);
    rig.at(NOW + HOUR);
    report(&mut rig, &[]);
    let kept = |rig: &mut Rig, key: &str, minutes: u64| -> Vec<i64> {
        let newest = i64::try_from(at(NOW, minutes)).expect("small");
        let chunk = |field: &String| -> i64 {
            field.split(' ').next().and_then(|it| it.parse().ok()).expect("a chunk")
        };
        fields(rig, key).iter().map(|field| chunk(field) - newest).collect()
    };
    assert_eq!(kept(&mut rig, "history:1m", 60), [-24, 0]);
    assert_eq!(kept(&mut rig, "history:10m", 1_440), [-7, 0]);
    assert_eq!(kept(&mut rig, "history:1h", 14_400), [-9, 0]);
}

#[test]
fn the_first_32_names_have_a_history_of_their_own() {
    let mut rig = served();
    let names: Vec<String> = (0..34).map(|n| format!("name{n:02}")).collect();
    let all: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (name.as_str(), completed(1))).collect();
    report(&mut rig, &all);
    let own = |rig: &mut Rig| {
        let fields = fields(rig, "history");
        fields.into_iter().filter(|field| field.starts_with("mname")).collect::<Vec<_>>()
    };
    let first: Vec<String> = names[..32].iter().map(|name| format!("m{name}")).collect();
    assert_eq!(own(&mut rig), first);
    // A hundred days later they have made room, the one that was seen last being the last to do so.
    rig.at(NOW + HOUR);
    report(&mut rig, &[("name00", completed(1))]);
    rig.at(NOW + 2_401 * HOUR);
    report(
        &mut rig,
        &[("name00", completed(1)), ("name32", completed(1)), ("name33", completed(1))],
    );
    assert_eq!(own(&mut rig), ["mname00", "mname32", "mname33"]);
    let known = fields(&mut rig, "history").into_iter().filter(|field| field.starts_with("nname"));
    assert_eq!(known.count(), 32, "two have made room for two");
}

#[test]
fn what_has_no_place_of_its_own_is_counted_together() {
    let mut rig = served();
    let taken: Vec<String> =
        (0..32).map(|n| format!("HSET jq:{{q}}:history nname{n:02} {}", NOW / HOUR)).collect();
    rig.given(taken.iter().map(String::as_str));
    report(&mut rig, &[("a", completed(1)), ("b", completed(2)), (" ", completed(4))]);
    let others: Vec<u8> = redis::cmd("HGET")
        .arg("jq:{q}:history")
        .arg("m ")
        .query(rig.connection())
        .expect("the others");
    assert_eq!(others, [0, 2, 1, 1, 0, 2, 1, 2, 0, 2, 1, 4]);
    rig.at(NOW + MINUTE);
    report(&mut rig, &[]);
    assert!(fields(&mut rig, "history").contains(&"n ".to_owned()), "they have been seen");
}

#[test]
fn totals_that_have_shrunk_count_from_zero() {
    let mut rig = served();
    report(&mut rig, &[]);
    rig.given(["HSET jq:{q}:meta added 3 completed 41", "HDEL jq:{q}:meta failed"]);
    report(&mut rig, &[]);
    // Added 3, completed 1; depth and lag 0.
    assert_eq!(own_point(&mut rig), r"\u{0}\u{6}\xc1\u{3}\u{1}\u{3}\u{0}\u{0}");
}

#[test]
fn a_clock_that_is_set_back_goes_on_in_the_minute_that_is_open() {
    let mut rig = served();
    report(&mut rig, &[("send", completed(1))]);
    rig.at(NOW - HOUR);
    report(&mut rig, &[("send", completed(2))]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333333
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          msend = \u{0}\u{2}\u{1}\u{1}\u{0}\u{2}\u{1}\u{2}
          nsend = 472222
    "#]],
    );
    // By more it begins anew there.
    rig.at(NOW - 3 * HOUR);
    report(&mut rig, &[("send", completed(4))]);
    history(
        &mut rig,
        expect![[r#"
        jq:{q}:history hash, expires
          # = 50 40 1 0
          @ = 28333153
          m = \u{0}\u{4}\x80\u{3}\u{0}\u{0}
          msend = \u{0}\u{2}\u{1}\u{4}
          nsend = 472222
        jq:{q}:history:10m hash, expires
          19675  = \x85\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          19675 send = \x85\u{0}\u{2}\u{1}\u{3}
        jq:{q}:history:1h hash, expires
          1967  = \x8e\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          1967 send = \x8e\u{0}\u{2}\u{1}\u{3}
        jq:{q}:history:1m hash, expires
          472222  = \r\u{0}\u{4}\x80\u{3}\u{0}\u{0}
          472222 send = \r\u{0}\u{2}\u{1}\u{3}
    "#]],
    );
}

#[test]
fn a_broken_text_stops_no_report() {
    let mut rig = served();
    let minute = NOW / MINUTE;
    let open =
        format!("HSET jq:{{q}}:history @ {minute} # junk m \u{ff}\u{ff}x msend xxxxx tsend ~");
    rig.given([open.as_str()]);
    report(&mut rig, &[("send", completed(1))]);
    rig.at(NOW + HOUR);
    report(&mut rig, &[("send", completed(1))]);
    assert!(fields(&mut rig, "history:1h").iter().any(|field| field.ends_with(" send")));
}

#[test]
fn a_report_takes_a_few_commands_however_many_names_it_has() {
    let mut rig = served();
    let names: Vec<String> = (0..20).map(|n| format!("name{n:02}")).collect();
    let of = |many: usize| names[..many].iter().map(|name| (name.as_str(), completed(1)));
    report(&mut rig, &of(20).collect::<Vec<_>>());
    for (many, begin) in [(1, NOW + MINUTE), (20, NOW + 3 * MINUTE)] {
        rig.at(begin);
        report(&mut rig, &[]);
        let mut cost = |ms: u64| {
            rig.at(ms);
            count_from_now(rig.connection());
            report(&mut rig, &of(many).collect::<Vec<_>>());
            counted(rig.connection())
        };
        // The call, the totals, what is open, which names are known, their reports; one write.
        assert_eq!(cost(begin + 9), 6, "{many} names");
        // The minute before, into its chunk and the ten minutes; depth and lag; two lifetimes.
        assert_eq!(cost(begin + MINUTE), 16, "{many} names");
    }
}

#[test]
fn keeps_nothing_of_a_queue_that_is_no_more() {
    let mut rig = rig();
    rig.replies(KEYS, args![1, "run:3", 2, "send", &[1_u8, 1][..]], "0");
    rig.holds(expect![""]);
}

#[test]
fn refuses_another_layout() {
    let mut rig = rig();
    rig.given(["HSET jq:{q}:meta layout 9"]);
    rig.refuses(KEYS, args![1, "run:3", 2], "LAYOUT 9 2");
}
