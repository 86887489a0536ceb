//! The text of every error, alone and with its sources, as `error_texts.txt` holds it.
//!
//! After a change on purpose: `UPDATE_TEXTS=1 cargo test -p jobqueue --lib error_texts`, and read
//! the difference.

use std::{error::Error as StdError, fmt::Write as _, io, time::Duration};

use crate::{
    Backoff, Codec, DurationExt as _, JobId, JobName, Priority, QueueName, Rate, Retain,
    error::{
        Corrupt, Error, FailureReason, Invalid, JobFailure, Operation, PayloadError, Refused,
        ResultError, TooLarge,
    },
    error_chain::source,
    find::JobFilter,
    job::{CancelReason, JobOptions, JobState, OnceHeld, TraceContext},
    payload::{InexactJson, exact_json},
    policy::{
        Breaker, ErrorClass, Filter, Pattern, RetryPolicy, RetryRule, RoutingKey, check_events,
        check_max_active, check_max_length,
    },
    producer::AddAllError,
    topic::PublishAllError,
    worker::{OnceError, States},
};

const HELD: &str = include_str!("error_texts.txt");

/// Samples of all variants. A variant without one doesn't compile, for the match has no wildcard.
macro_rules! every {
    ($kind:ty, { $($pattern:pat => $sample:expr,)* }) => {{
        let _ = |error: &$kind| match error { $($pattern => (),)* };
        let mut lines = format!("\n# {}\n", stringify!($kind));
        $(
            let sample: $kind = $sample;
            assert!(matches!(&sample, $pattern));
            push(&mut lines, &sample);
        )*
        lines
    }};
}

mod flows;
mod steps;

/// The text alone; with its sources, if it has any.
fn push(lines: &mut String, error: &(impl StdError + Clone + Send + Sync + 'static)) {
    let (alone, whole) = (error.to_string(), format!("{:#}", anyhow::Error::new(error.clone())));
    let _ = writeln!(lines, "- {alone}");
    if let Some(sources) = whole.strip_prefix(&alone).filter(|sources| !sources.is_empty()) {
        let _ = writeln!(lines, "  {sources}");
        for source in crate::error_chain::sources(error) {
            let text = source.to_string();
            assert!(!alone.contains(&text), "{alone:?} repeats its source {text:?}");
        }
    }
    assert!(!alone.ends_with('.'), "{alone}");
    assert!(alone.chars().next().is_some_and(|first| !first.is_uppercase()), "{alone}");
}

fn queue() -> QueueName {
    "orders".parse().expect("a good name")
}

fn id() -> JobId {
    "01JEXAMPLE".parse().expect("a good id")
}

fn name() -> JobName {
    "charge".parse().expect("a good name")
}

fn job(action: &'static str) -> Operation {
    Operation::on_job(action, &queue(), &id())
}

fn failure() -> JobFailure {
    let causes = vec!["no space left on device".to_owned()];
    let message = "can't write the invoice".to_owned();
    JobFailure { reason: FailureReason::Error, message, causes, attempt: 1 }
}

fn reason() -> CancelReason {
    let (by, reason) = (Some("ops".to_owned()), Some("the order was withdrawn".to_owned()));
    CancelReason { by, reason }
}

fn unavailable() -> Error {
    let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused");
    Error::unavailable(Operation::on_queue("add jobs", &queue()), refused)
}

fn errors() -> String {
    let invalid = "a b".parse::<QueueName>().expect_err("a space");
    every!(Error, {
        Error::Unavailable { .. } => unavailable(),
        Error::Refused(_) => Refused::NotFound { queue: queue(), id: id() }.into(),
        Error::Invalid(_) => invalid.into(),
        Error::Payload(_) => Codec::Json.decode::<u8>(b"[1]").expect_err("no number").into(),
        Error::Corrupt(_) => Corrupt::new("a job's record", "no array").into(),
        Error::Closed => Error::Closed,
    })
}

fn refusals() -> String {
    let on_queue = || Operation::on_queue("add jobs", &queue());
    let on_flow = || Operation::on_queue("start a flow", &queue());
    let text = str::to_owned;
    every!(Refused, {
        Refused::QueueFull { .. } => Refused::QueueFull { queue: queue(), cap: 1_000 },
        Refused::NoSuchQueue { .. } => Refused::NoSuchQueue {
            operation: Operation::on_queue("pause a queue", &queue()),
        },
        Refused::NotFound { .. } => Refused::NotFound { queue: queue(), id: id() },
        Refused::SignalsFull { .. } => {
            Refused::SignalsFull { operation: job("send a signal"), most: 100 }
        },
        Refused::NoSchedule { .. } => {
            Refused::NoSchedule { queue: queue(), id: "nightly".parse().expect("an id") }
        },
        Refused::WrongState { .. } => {
            Refused::WrongState { operation: job("retry a job"), state: JobState::Active }
        },
        Refused::IdHeld { .. } => Refused::IdHeld { operation: job("move a job"), holder: id() },
        Refused::KeyHeld { .. } => {
            Refused::KeyHeld { operation: job("retry a job"), holder: id() }
        },
        Refused::DeadLettered { .. } => Refused::DeadLettered { operation: job("retry a job") },
        Refused::Cancelled { .. } => {
            Refused::Cancelled { operation: job("extend a visibility timeout") }
        },
        Refused::FlowEnded { .. } => Refused::FlowEnded { operation: on_flow() },
        Refused::FlowLapsed { .. } => Refused::FlowLapsed { operation: on_flow() },
        Refused::Conflict { .. } => Refused::Conflict { operation: job("edit a dead letter") },
        Refused::Busy { .. } => Refused::Busy { queue: queue(), active: 3 },
        Refused::TooManyBindings { .. } => {
            Refused::TooManyBindings { topic: queue(), most: 1_000 }
        },
        Refused::TooManyToReorder { .. } => {
            Refused::TooManyToReorder { queue: queue(), jobs: 250_000, most: 100_000 }
        },
        Refused::LeaseLost { .. } => Refused::LeaseLost { operation: job("settle a job") },
        Refused::Layout { .. } => {
            Refused::Layout { queue: queue(), found: text("3"), known: text("2") }
        },
        Refused::NotDurable { .. } => Refused::NotDurable {
            operation: on_queue(),
            wanted: 2,
            confirmed: 1,
            by: "replicas",
            waited: Duration::from_secs(1),
        },
        Refused::OutOfMemory { .. } => Refused::OutOfMemory { operation: on_queue() },
        Refused::Permission { .. } => Refused::Permission {
            operation: Operation::on_server("connect", "127.0.0.1:6379"),
            source: source("NOPERM: this user may not run 'eval'"),
        },
        Refused::Server { .. } => Refused::Server {
            operation: Operation::on_key("claim a key for an effect", &queue(), "charge:7"),
            source: source("WRONGTYPE: the key holds another kind of value"),
        },
    })
}

fn payloads() -> String {
    #[derive(serde::Serialize)]
    struct Secret(#[serde(serialize_with = "refuse")] u8);
    fn refuse<S: serde::Serializer>(_: &u8, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a secret can't be sent"))
    }
    let corrupt = Corrupt::new("a job's record", "no array");
    let mut texts = every!(PayloadError, {
        PayloadError::Encode { .. } => Codec::Json.encode(&Secret(1)).expect_err("it refuses"),
        PayloadError::Decode { .. } => {
            Codec::Json.decode::<Vec<u64>>(b"{}").expect_err("it is no list")
        },
        PayloadError::Record { .. } => PayloadError::record(corrupt),
        PayloadError::UnknownVersion { .. } => PayloadError::unknown_version::<u64>(3, 2),
        PayloadError::Upgrade { .. } => PayloadError::upgrade::<u64>(1, 2, "no such order"),
        PayloadError::TooLarge(_) => {
            TooLarge::sent("the payload of job charge", 2_000_000, 1_048_576).into()
        },
    });
    push(&mut texts, &PayloadError::unknown_version::<u64>(2, 3));
    push(&mut texts, &Codec::Json.encode(&f64::NAN).expect_err("there is none"));
    let unread = Codec::Json.decode::<u64>(b"{}").expect_err("no number");
    push(&mut texts, &unread.reading(format_args!("result of job {} in queue {}", id(), queue())));
    let result = TooLarge::returned("the result of job charge", 2_000_000, 1_048_576);
    push(&mut texts, &PayloadError::from(result));
    texts += &every!(InexactJson, {
        InexactJson::NotJson(_) => exact_json("{\"n\": 1, \"n\": 2}").expect_err("which one?"),
        InexactJson::Rounded(_) => exact_json("0.12345678901234567891").expect_err("too exact"),
    });
    texts
}

fn results() -> String {
    let mut texts = every!(ResultError, {
        ResultError::Failed { .. } => {
            ResultError::Failed { queue: queue(), id: id(), failure: failure() }
        },
        ResultError::Cancelled { .. } => {
            ResultError::Cancelled { queue: queue(), id: id(), reason: reason() }
        },
        ResultError::Gone { .. } => ResultError::Gone { queue: queue(), id: id() },
        ResultError::Error(_) => unavailable().into(),
    });
    texts += &flows::results();
    texts += &flows::calls();
    texts += &every!(OnceError, {
        OnceError::OnceHeld { .. } => OnceError::OnceHeld {
            key: "charge:7".to_owned(),
            source: OnceHeld { left: 3.seconds() },
        },
        OnceError::Error(_) => unavailable().into(),
    });
    texts += &steps::results();
    texts
}

/// The errors that are not enums.
fn others() -> String {
    let mut texts = "\n# JobFailure, MissingState, Corrupt, TooLarge, FilterError\n".to_owned();
    push(&mut texts, &failure());
    push(&mut texts, &States::default().get::<u64>().map(drop).expect_err("there is none"));
    push(&mut texts, &Corrupt::new("add jobs", "the server answered nil").about("queue orders"));
    push(&mut texts, &TooLarge::returned("the result of job charge", 2_000_000, 1_048_576));
    push(&mut texts, &"state:stuck".parse::<JobFilter>().expect_err("no state"));
    push(&mut texts, &"name:".parse::<JobFilter>().expect_err("no name"));
    let added: AddAllError<u8> = AddAllError { added: Vec::new(), error: unavailable() };
    let published = PublishAllError { published: Vec::new(), error: unavailable() };
    texts += "\n# AddAllError, PublishAllError\n";
    for error in [anyhow::Error::new(added), anyhow::Error::new(published)] {
        let _ = writeln!(
            texts,
            "- {error}\n  {}",
            format!("{error:#}").replace(&error.to_string(), "")
        );
    }
    texts
}

/// Those that pure values give. The setters of the builders above them have tests of their own.
fn invalid() -> String {
    let mut texts = "\n# Invalid\n".to_owned();
    let mut of = |result: Result<(), Invalid>| push(&mut texts, &result.expect_err("invalid"));
    of("a b".parse::<QueueName>().map(drop));
    of(" a".parse::<JobName>().map(drop));
    of("".parse::<JobId>().map(drop));
    of("gone".parse::<JobState>().map(drop));
    of(Priority::try_from(5_000).map(drop));
    of("00-x".parse::<TraceContext>().map(drop));
    of(JobOptions { attempts: Some(0), ..JobOptions::default() }.validate());
    of(JobOptions { version: Some(0), ..JobOptions::default() }.validate());
    of(JobOptions { timeout: Some(Duration::ZERO), ..JobOptions::default() }.validate());
    let custom = Some(Backoff::custom(|_| Duration::ZERO));
    of(JobOptions { backoff: custom, ..JobOptions::default() }.validate());
    let headers = [("a\n".to_owned(), String::new())].into();
    of(JobOptions { headers, ..JobOptions::default() }.validate());
    let headers = [("a".to_owned(), "b".repeat(20_000))].into();
    of(JobOptions { headers, ..JobOptions::default() }.validate());
    of(Backoff::exponential(1.seconds()).jitter(2.0).validate());
    of(Breaker::after(0).validate());
    of(Breaker::after(1).pause(Duration::ZERO).validate());
    of(Rate::new(0, 1.seconds()).validate());
    of(Rate::new(u32::MAX, 1.seconds()).validate());
    of(Rate::new(1, 1.millis() / 1_001).validate());
    of(Rate::new(1, Duration::MAX).validate());
    of(Retain::count(u64::MAX).validate());
    of(check_max_active("queue_concurrency", 0));
    of(check_max_length(u64::MAX));
    of(check_events(u64::MAX));
    let none = RetryRule::retry().attempts(0);
    of(RetryPolicy::STANDARD.rule(ErrorClass::Transient, none).validate());
    of("a.*".parse::<RoutingKey>().map(drop));
    of("a..b".parse::<Pattern>().map(drop));
    of(Filter::header("size").validate());
    of(Filter::header("size").number(3.0..=1.0).validate());
    texts
}

/// Types of errors that others print: their text is part of another's, or the users' own.
const INSIDE: [&str; 1] = ["OnceHeld"];

/// Every type that derives an error has samples here, and so a title or a place in one.
#[test]
fn no_type_of_errors_is_missing() {
    let mut missing = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                missing.extend(derived(&text).filter(|name| !is_sampled(name)).map(str::to_owned));
            }
        }
    }
    assert!(missing.is_empty(), "without samples in `error_texts.rs`: {missing:?}");
}

/// The names of public types that derive `thiserror::Error`.
fn derived(source: &str) -> impl Iterator<Item = &str> {
    source.split("thiserror::Error)]\n").skip(1).filter_map(|after| {
        let line = after.lines().find(|line| line.starts_with("pub "))?;
        let name = line.split(' ').nth(2)?;
        name.split(|c: char| !c.is_alphanumeric()).next()
    })
}

fn is_sampled(name: &str) -> bool {
    let titles = HELD.lines().filter_map(|line| line.strip_prefix("# "));
    INSIDE.contains(&name) || titles.flat_map(|title| title.split(", ")).any(|it| it == name)
}

#[test]
fn every_error_has_a_subject_and_advice_and_does_not_repeat_its_source() {
    let parts = [errors(), refusals(), payloads(), results(), others(), invalid()];
    let texts = parts.concat().trim_start().to_owned();
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/error_texts.txt");
        std::fs::write(path, &texts).expect("the file can be written");
        return;
    }
    for (line, (now, held)) in texts.lines().zip(HELD.lines()).enumerate() {
        assert_eq!(now, held, "line {}", line + 1);
    }
    assert_eq!(texts.len(), HELD.len(), "lines at the end");
}
