//! From the errors of the connection and the server to the library's.

use std::{error::Error as StdError, fmt};

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::{
    error::{Error, Operation, Refused},
    job::{JobId, JobState, QueueName},
};

/// The action and the subject of a call, for its errors. Nothing is copied before there is one.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    action: &'static str,
    target: Target<'a>,
}

#[derive(Clone, Copy)]
enum Target<'a> {
    Nothing,
    Server(&'a str),
    Named(&'static str, &'a QueueName),
    Job(&'a QueueName, &'a JobId),
    Key(&'a QueueName, &'a str),
}

impl<'a> About<'a> {
    pub(crate) const fn action(action: &'static str) -> Self {
        Self { action, target: Target::Nothing }
    }

    /// `address` has neither user nor password.
    pub(crate) const fn server(action: &'static str, address: &'a str) -> Self {
        Self { action, target: Target::Server(address) }
    }

    /// A queue, or what has a name like one.
    pub(crate) const fn named(
        action: &'static str,
        kind: &'static str,
        name: &'a QueueName,
    ) -> Self {
        Self { action, target: Target::Named(kind, name) }
    }

    pub(crate) const fn job(action: &'static str, queue: &'a QueueName, job: &'a JobId) -> Self {
        Self { action, target: Target::Job(queue, job) }
    }

    pub(crate) const fn key(action: &'static str, queue: &'a QueueName, key: &'a str) -> Self {
        Self { action, target: Target::Key(queue, key) }
    }

    /// The same in the form that errors carry.
    pub(crate) fn operation(self) -> Operation {
        let action = self.action;
        match self.target {
            Target::Nothing => Operation::new(action),
            Target::Server(address) => Operation::on_server(action, address),
            Target::Named(kind, name) => Operation::on(action, kind, name),
            Target::Job(queue, job) => Operation::on_job(action, queue, job),
            Target::Key(queue, key) => Operation::on_key(action, queue, key),
        }
    }

    fn name(self) -> Option<&'a QueueName> {
        match self.target {
            Target::Nothing | Target::Server(_) => None,
            Target::Named(_, name) | Target::Job(name, _) | Target::Key(name, _) => Some(name),
        }
    }
}

/// The answer of the connection or the server, as the source of this library's errors.
///
/// The redis crate's error repeats its own source, which would be printed twice.
#[derive(Debug)]
struct Answer(RedisError);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Answer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let text = self.0.to_string();
        crate::error_chain::sources(&self.0).find(|source| !text.ends_with(&source.to_string()))
    }
}

/// Whether the server has forgotten the script.
pub(crate) fn is_noscript(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether the server is a replica.
pub(crate) fn is_readonly(error: &RedisError) -> bool {
    code(error) == "READONLY"
}

/// Whether the server takes no more connections.
pub(crate) fn is_full(error: &RedisError) -> bool {
    error.detail().is_some_and(|text| text.contains("max number of clients"))
}

/// Whether the server's ACL forbids a command or a key of a script. Redis 7 has no code for that.
fn is_denied_within(error: &RedisError) -> bool {
    error.detail().is_some_and(|text| text.contains("user executing the script can't"))
}

/// Whether the connection can't be used any more, or can't be trusted to be in step.
pub(crate) fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

/// The library's error for one of the client's.
pub(crate) fn explain(error: RedisError, about: About<'_>) -> Error {
    let denied = error.kind() == ErrorKind::AuthenticationFailed || is_denied_within(&error);
    if is_broken(&error) && !denied {
        return Error::unavailable(about.operation(), Answer(error));
    }
    if let Some(refused) = own_refusal(&error, about) {
        return refused.into();
    }
    let operation = about.operation();
    match code(&error) {
        code if PASSING.contains(&code) || is_full(&error) => {
            Error::unavailable(operation, Answer(error))
        }
        "OOM" => Refused::OutOfMemory { operation }.into(),
        "NOPERM" | "NOAUTH" | "WRONGPASS" => denial(operation, error),
        _ if denied => denial(operation, error),
        _ => {
            Refused::Server { operation, source: crate::error_chain::source(Answer(error)) }.into()
        }
    }
}

/// Codes of what passes by itself: the server starts, fails over, moves a slot, runs a long script,
/// waits for its replicas or for room on its disk.
const PASSING: [&str; 9] = [
    "LOADING",
    "BUSY",
    "TRYAGAIN",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "UNBLOCKED",
    "READONLY",
    "NOREPLICAS",
    "MISCONF",
];

/// The code of an error. Redis 6.2 wraps those of commands within a script: `ERR Error running
/// script (…): @user_script:9: @user_script: 9: -MISCONF …`.
fn code(error: &RedisError) -> &str {
    let code = error.code().unwrap_or_default();
    let text = error.detail().unwrap_or_default();
    if code != "ERR" || !text.starts_with("Error running script") {
        return code;
    }
    let words = text.split_ascii_whitespace().map(|word| word.trim_start_matches('-'));
    let mut codes = words.filter(|word| PASSING.contains(word) || ["OOM", "NOPERM"].contains(word));
    codes.next().unwrap_or(code)
}

fn denial(operation: Operation, error: RedisError) -> Error {
    Refused::Permission { operation, source: crate::error_chain::source(Answer(error)) }.into()
}

/// The refusals that this library's scripts know.
fn own_refusal(error: &RedisError, about: About<'_>) -> Option<Refused> {
    let mut words = error.detail().unwrap_or_default().split_ascii_whitespace();
    let mut number = || words.next()?.parse().ok();
    let operation = about.operation();
    let queue = about.name()?.clone();
    match error.code()? {
        "LEASELOST" | "OUTOFSTEP" => Some(Refused::LeaseLost { operation }),
        "NOTFOUND" => Some(Refused::NotFound { queue, id: operation.job()?.clone() }),
        "NOQUEUE" => Some(Refused::NoSuchQueue { operation }),
        "WRONGSTATE" => {
            let state: JobState = words.next()?.parse().ok()?;
            Some(Refused::WrongState { operation, state })
        }
        "KEYHELD" => Some(Refused::KeyHeld { operation, holder: JobId::from_store(words.next()?) }),
        "DEADLETTER" => Some(Refused::DeadLettered { operation }),
        "FLOWENDED" => Some(Refused::FlowEnded { operation }),
        "LAPSED" => Some(Refused::FlowLapsed { operation }),
        "CANCELLED" => Some(Refused::Cancelled { operation }),
        "QUEUEFULL" => Some(Refused::QueueFull { queue, cap: number()? }),
        "HASACTIVE" => Some(Refused::Busy { queue, active: number()? }),
        "SIGNALSFULL" => Some(Refused::SignalsFull { operation, most: number()? }),
        "TOOMANY" => Some(Refused::TooManyBindings { topic: queue, most: number()? }),
        "TOOLONG" => Some(Refused::TooManyToReorder { queue, jobs: number()?, most: number()? }),
        "LAYOUT" => Some(Refused::Layout {
            queue,
            found: words.next()?.to_owned(),
            known: words.next()?.to_owned(),
        }),
        _ => None,
    }
}
