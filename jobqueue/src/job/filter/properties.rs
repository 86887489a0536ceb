//! Any text is read or refused, and what is written is read as the same.

use std::time::Duration;

use chrono::DateTime;
use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    JobFilter,
    error::MAX_TEXT,
    length::Length,
    moment::Moment,
    term::{
        Comparison, Document, FieldMatch, LengthKey, Likeness, NumberKey, Term, Test, TextKey,
        TextMatch, TimeKey, TimeValue,
    },
};
use crate::job::{
    job_failure::FailureReason, path::Path, properties::config, state::JobState, value::Value,
};

fn texts() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z0-9]{1,8}",
        "[ -~]{0,12}",
        any::<String>(),
        select(vec![
            "exists",
            "true",
            "null",
            "-1",
            "1e5",
            "~",
            "a~",
            "msgpack\"00\"",
            "{",
            "-",
            ":"
        ])
        .prop_map(str::to_owned),
    ]
    .boxed()
}

fn some<T: std::fmt::Debug + Clone + 'static>(
    of: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Vec<T>> {
    vec(of, 1..4).boxed()
}

fn orders() -> impl Strategy<Value = Comparison> {
    select(vec![Comparison::Less, Comparison::NotMore, Comparison::More, Comparison::NotLess])
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    prop_oneof![Just(Comparison::Equal), orders()]
}

/// As a key that is asked for by part or as a whole has them.
fn text_matches(by_part: bool, may_be_missing: bool) -> BoxedStrategy<Vec<TextMatch>> {
    let begins = texts().prop_map(TextMatch::Begins);
    if by_part {
        let has = prop_oneof![texts().prop_map(TextMatch::Has), begins, Just(TextMatch::Exists)];
        return prop_oneof![some(has), some(texts().prop_map(TextMatch::Is))].boxed();
    }
    let is = texts().prop_map(TextMatch::Is);
    if may_be_missing {
        some(prop_oneof![is, begins, Just(TextMatch::Exists)])
    } else {
        some(prop_oneof![is, begins])
    }
}

fn values() -> impl Strategy<Value = Value> {
    let numbers = prop_oneof![
        any::<u64>().prop_map(Value::Unsigned),
        (i64::MIN..0).prop_map(Value::Signed),
        any::<f64>().prop_filter_map("a number", |it| it.is_finite().then_some(Value::Double(it))),
        any::<f32>().prop_filter_map("a number", |it| it.is_finite().then_some(Value::Single(it))),
    ];
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        numbers,
        texts().prop_map(Value::Text),
        vec(any::<u8>(), 0..6).prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let entries = vec((texts().prop_map(Value::Text), inner.clone()), 0..4);
        let odd = (any::<u64>().prop_map(Value::Unsigned), inner.clone());
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::List),
            entries.prop_map(Value::Map),
            vec(odd, 1..3).prop_map(Value::Map),
        ]
    })
}

fn paths() -> impl Strategy<Value = Path> {
    let step = prop_oneof![
        "[a-z_]{1,5}".prop_map(|name| format!(".{name}")),
        texts().prop_map(|name| format!("[{}]", super::quoted::Quoted(&name))),
        any::<u16>().prop_map(|place| format!("[{place}]")),
        Just("[*]".to_owned()),
    ];
    vec(step, 0..5).prop_map(|steps| {
        let path = steps.concat();
        path.strip_prefix('.').unwrap_or(&path).parse().expect("a path")
    })
}

fn times() -> impl Strategy<Value = Moment> {
    (-70_000_000_000_000_000_000_i128..300_000_000_000_000_000_000, any::<bool>()).prop_map(
        |(nanos, whole)| {
            let nanos = if whole { nanos / 1_000_000 * 1_000_000 } else { nanos };
            let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).expect("seconds");
            let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).expect("less");
            Moment::exactly(DateTime::from_timestamp(seconds, rest).expect("a time"))
        },
    )
}

fn field_matches() -> impl Strategy<Value = FieldMatch> {
    let likeness = prop_oneof![
        texts().prop_map(Likeness::Has),
        texts().prop_map(Likeness::Begins),
        Just(Likeness::Exists),
    ];
    let ordered = prop_oneof![
        any::<u64>().prop_map(Value::Unsigned),
        (-1e9..1e9).prop_map(Value::Double),
        texts().prop_map(Value::Text),
    ];
    prop_oneof![
        some(likeness).prop_map(FieldMatch::Like),
        some(values()).prop_map(FieldMatch::Is),
        (orders(), some(ordered)).prop_map(|(order, any)| FieldMatch::Order(order, any)),
    ]
}

fn keys<K: Copy + std::fmt::Debug + 'static>(
    all: &'static [(K, &'static str)],
) -> impl Strategy<Value = K> {
    select(all.iter().map(|(key, _)| *key).collect::<Vec<_>>())
}

fn tests() -> impl Strategy<Value = Test> {
    let text = keys(&TextKey::ALL).prop_flat_map(|key| {
        let any = text_matches(key.by_part(), key.may_be_missing());
        any.prop_map(move |any| Test::Text(key, any))
    });
    let lengths = || any::<Duration>().prop_map(Length);
    let time = comparisons().prop_flat_map(move |comparison| {
        let value = match comparison {
            Comparison::Equal => {
                prop_oneof![times().prop_map(TimeValue::At), Just(TimeValue::Exists)].boxed()
            }
            _ => prop_oneof![
                times().prop_map(TimeValue::At),
                any::<Duration>().prop_map(|it| TimeValue::Away(Length(it)))
            ]
            .boxed(),
        };
        (keys(&TimeKey::ALL), some(value))
            .prop_map(move |(key, any)| Test::Time(key, comparison, any))
    });
    let names = any::<String>().prop_filter("a name", |name| !name.is_empty());
    prop_oneof![
        some(select(JobState::ALL.to_vec())).prop_map(Test::State),
        some(select(FailureReason::all().collect::<Vec<_>>())).prop_map(Test::Kind),
        text,
        (names, text_matches(true, true)).prop_map(|(name, any)| Test::Header(name, any)),
        (keys(&NumberKey::ALL), comparisons(), some(any::<i64>()))
            .prop_map(|(key, comparison, any)| Test::Number(key, comparison, any)),
        time,
        (keys(&LengthKey::ALL), comparisons(), some(lengths()))
            .prop_map(|(key, comparison, any)| Test::Length(key, comparison, any)),
        (keys(&Document::ALL), paths(), field_matches())
            .prop_map(|(document, path, wanted)| Test::Field(document, path, wanted)),
        texts()
            .prop_filter("a word", |word| !word.is_empty() && !word.starts_with('-'))
            .prop_map(Test::Word),
    ]
}

fn filters() -> impl Strategy<Value = JobFilter> {
    let terms = (any::<bool>(), tests()).prop_map(|(negated, test)| Term { negated, test });
    vec(terms, 0..5).prop_map(|terms| JobFilter { terms, problem: None })
}

/// What filters are made of, in any order.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = select(vec![
        "payload",
        "header",
        "result",
        ".a",
        "[0]",
        "[\"",
        "\"]",
        "state",
        "failed",
        "ended",
        ":",
        "=",
        "<",
        ">",
        "<=",
        "~",
        "-",
        ",",
        " ",
        "\"",
        "\\",
        "1h",
        "2026-11-28",
        "{\"a\":",
        "}",
        "msgpack\"c0",
        "exists",
        "ü",
        "\u{301}",
        "\0",
        "99999999999999999999",
        "01J",
    ]);
    vec(scrap, 0..12).prop_map(|scraps| scraps.concat())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_filter_is_read_as_it_was_written(filter in filters()) {
        let text = filter.to_string();
        if text.len() <= MAX_TEXT {
            let read = text.parse::<JobFilter>();
            prop_assert_eq!(read.as_ref(), Ok(&filter), "{}", text);
            prop_assert_eq!(read.map(|it| it.to_string()), Ok(text));
        }
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_of_it(
        text in prop_oneof![any::<String>(), scraps(), "[ -~]{0,60}"],
    ) {
        match text.parse::<JobFilter>() {
            Ok(filter) => {
                let written = filter.to_string();
                prop_assert_eq!(written.parse::<JobFilter>(), Ok(filter));
            }
            Err(error) => {
                prop_assert!(error.at() <= text.len() && text.is_char_boundary(error.at()));
                let found = error.found().unwrap_or_default();
                prop_assert!(text[error.at()..].starts_with(found), "{:?}", error);
                prop_assert_eq!(error.pointed().lines().count(), 2);
            }
        }
    }

    #[test]
    fn a_part_of_a_filter_is_read_or_refused(filter in filters(), cut in any::<prop::sample::Index>()) {
        let text = filter.to_string();
        let cut = text.floor_char_boundary(cut.index(text.len() + 1));
        let _ = text[..cut].parse::<JobFilter>();
        let _ = text[cut..].parse::<JobFilter>();
    }
}

#[test]
fn bounds_are_kept() {
    let refused =
        |text: &str| text.parse::<JobFilter>().expect_err("too much").expected().to_owned();
    assert_eq!(refused(&"a".repeat(4_097)), "at most 4,096 bytes");
    assert_eq!(refused(&"a ".repeat(65)), "at most 64 conditions");
    assert_eq!(
        refused(&format!("name:{}", vec!["a"; 101].join(","))),
        "at most 100 values of one key"
    );
    assert!(refused(&format!("payload{}:1", ".a".repeat(33))).contains("at most 32 steps"));
    assert!(format!("payload.a={}", "[".repeat(4_000)).parse::<JobFilter>().is_err());
    assert!("a ".repeat(64).parse::<JobFilter>().is_ok());
}

#[test]
fn errors_point_at_the_place() {
    for (text, column, found, expected) in [
        ("state:stuck", 7, Some("stuck"), "waiting, delayed"),
        ("stat:failed", 1, Some("stat"), "one of the keys id, name"),
        ("name:a, ended<1h", 8, Some(" "), "a text"),
        ("name:", 6, None, "a text"),
        ("ended<tomorrow", 7, Some("tomorrow"), "how long ago"),
        ("ended:2h", 7, Some("2h"), "`<` or `>` for how long ago"),
        ("ran>5", 5, Some("5"), "a length of time"),
        ("state<failed", 6, Some("<"), "it has no order"),
        ("name>a", 5, Some(">"), "it has no order"),
        ("attempts~3", 9, Some("~"), "`:`, `<`"),
        ("attempts>many", 10, Some("many"), "a whole number"),
        ("payload.:1", 1, Some("payload."), "a path"),
        ("payload.a=123456789012345678901", 11, Some("123456789012345678901"), "64 bits"),
        ("payload.a={\"b\":", 11, Some("{\"b\":"), "in JSON"),
        ("payload.a<true", 11, Some("true"), "a number or a text"),
        ("error:\"a b", 11, None, "a quote at its end"),
        ("error:\"a\\b\"", 9, Some("\\b"), "a quote at its end"),
        ("error:\"a\"b", 10, Some("b"), "a comma"),
        ("größe -", 8, None, "behind `-`"),
        ("ü --a", 4, Some("-a"), "one `-` alone"),
        ("header.:a", 1, Some("header."), "a name"),
        ("http://x", 1, Some("http"), "a word in quotes"),
    ] {
        let error = text.parse::<JobFilter>().expect_err(text);
        assert_eq!((error.column(), error.found()), (column, found), "{error}");
        assert!(error.expected().contains(expected), "{error}");
        let pointed = error.pointed();
        let mark = pointed.lines().last().expect("a mark");
        assert_eq!(mark.chars().position(|char| char == '^'), Some(column - 1), "{pointed}");
    }
}
