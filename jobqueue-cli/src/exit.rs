//! How the program ends: the codes that scripts can use, and which error is which.

use std::{error::Error as StdError, fmt, io};

use jobqueue::{
    Error,
    error::{Refused, ResultError},
    flow::FlowError,
};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done.
    Done,
    /// Something is wrong, or a search found nothing.
    Trouble,
    /// What it was told can't be.
    Usage,
    /// The server can't be reached.
    NoServer,
    /// What is named doesn't exist, or the server, a rule of the queue or whoever was asked refused it.
    Refused,
    /// Some of it was done.
    Partly,
    /// It was told to stop.
    CutOff,
}

impl Exit {
    pub(crate) const fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Trouble => 1,
            Self::Usage => 2,
            Self::NoServer => 3,
            Self::Refused => 4,
            Self::Partly => 5,
            Self::CutOff => 130,
        }
    }

    /// Says what went wrong, if there is anybody left to hear it.
    pub(crate) fn tell(error: &anyhow::Error) -> Self {
        if error.chain().any(is_closed_pipe) {
            return Self::Done;
        }
        eprintln!("jobqueue: {error:#}");
        Self::of(error)
    }

    fn of(error: &anyhow::Error) -> Self {
        error.chain().find_map(of_cause).unwrap_or(Self::Trouble)
    }
}

fn of_cause(cause: &(dyn StdError + 'static)) -> Option<Exit> {
    if let Some(told) = cause.downcast_ref::<Told>() {
        return Some(told.exit);
    }
    if let Some(error) = cause.downcast_ref::<Error>() {
        return Some(of_error(error));
    }
    if let Some(error) = cause.downcast_ref::<redis::RedisError>() {
        return Some(of_redis(error));
    }
    match cause.downcast_ref::<ResultError>() {
        Some(ResultError::Error(error)) => return Some(of_error(error)),
        Some(_) => return Some(Exit::Trouble),
        None => {}
    }
    Some(match cause.downcast_ref::<FlowError>()? {
        FlowError::Error(error) => of_error(error),
        FlowError::WrongState { .. } | FlowError::Gone { .. } | FlowError::NoNode { .. } => {
            Exit::Refused
        }
        _ => Exit::Trouble,
    })
}

/// What `move` says to both servers itself.
fn of_redis(error: &redis::RedisError) -> Exit {
    match error.kind() {
        redis::ErrorKind::InvalidClientConfig => Exit::Usage,
        redis::ErrorKind::AuthenticationFailed => Exit::Refused,
        _ if error.is_io_error() => Exit::NoServer,
        _ => Exit::Trouble,
    }
}

fn of_error(error: &Error) -> Exit {
    match error {
        Error::Unavailable { operation, .. } => {
            if operation.done().is_some_and(|done| done > 0) {
                Exit::Partly
            } else {
                Exit::NoServer
            }
        }
        Error::Refused(Refused::NotDurable { .. }) => Exit::Partly,
        Error::Refused(_) => Exit::Refused,
        Error::Invalid(_) | Error::Payload(_) => Exit::Usage,
        _ => Exit::Trouble,
    }
}

/// Whoever read the output has gone, such as `head`.
fn is_closed_pipe(cause: &(dyn StdError + 'static)) -> bool {
    let error = cause.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error of this program's own.
#[derive(Debug)]
pub(crate) struct Told {
    exit: Exit,
    text: String,
}

impl Told {
    pub(crate) fn error(exit: Exit, text: impl fmt::Display) -> anyhow::Error {
        Self { exit, text: text.to_string() }.into()
    }

    /// What was asked for can't be.
    pub(crate) fn usage(text: impl fmt::Display) -> anyhow::Error {
        Self::error(Exit::Usage, text)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Told {}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn errors_are_known_through_what_was_said_of_them() {
        let invalid = "two words".parse::<jobqueue::JobId>().expect_err("no id");
        let error = anyhow::Error::from(Error::from(invalid)).context("reading the id");
        assert_eq!(Exit::of(&error), Exit::Usage);
        let told = Told::error(Exit::Refused, "no").context("asking");
        assert_eq!(Exit::of(&told), Exit::Refused);
        let other = Err::<(), _>(fmt::Error).context("anything").expect_err("an error");
        assert_eq!(Exit::of(&other), Exit::Trouble);
    }
}
