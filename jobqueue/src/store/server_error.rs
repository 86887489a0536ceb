//! From what the connection or the server says went wrong to the library's errors.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::keys::Keys;
use crate::{
    error::{Error, Refused},
    job::{JobId, JobState},
};

/// What a call was about, for the text of its errors.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) action: &'static str,
    pub(crate) keys: Option<&'a Keys>,
    pub(crate) job: Option<&'a JobId>,
}

/// Whether the server has forgotten the script.
pub(crate) fn is_noscript(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether the server is a replica.
pub(crate) fn is_readonly(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

/// Whether the connection can't be used any more, or can't be trusted to be in step.
pub(crate) fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error()
}

/// The library's error for one of the client's.
pub(crate) fn explain(error: &RedisError, about: About<'_>) -> Error {
    if is_broken(error) && error.kind() != ErrorKind::AuthenticationFailed {
        return unavailable(about.action, error);
    }
    if error.kind() == ErrorKind::AuthenticationFailed {
        let reason = format!("wrong user or password (while trying to {})", about.action);
        return Refused::Permission(reason).into();
    }
    let code = error.code().unwrap_or_default();
    let detail = error.detail().unwrap_or_default();
    if let Some(refused) = own_refusal(code, detail, about) {
        return refused.into();
    }
    match code {
        // All of these pass: the server starts, fails over, moves a slot, or runs a long script.
        "LOADING" | "BUSY" | "TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "UNBLOCKED" => {
            unavailable(about.action, error)
        }
        "OOM" => Refused::OutOfMemory.into(),
        "READONLY" => Refused::ReadOnly.into(),
        "NOPERM" | "NOAUTH" | "WRONGPASS" => {
            Refused::Permission(format!("{code} {detail} (while trying to {})", about.action))
                .into()
        }
        _ => Refused::Server(format!("{error} (while trying to {})", about.action)).into(),
    }
}

pub(crate) fn unavailable(action: &'static str, error: &RedisError) -> Error {
    Error::Unavailable { action, reason: error.to_string() }
}

/// The refusals that this library's scripts know.
fn own_refusal(code: &str, detail: &str, about: About<'_>) -> Option<Refused> {
    let queue = || about.keys.map_or_else(String::new, |keys| keys.queue().to_string());
    let mut words = detail.split_ascii_whitespace();
    match code {
        "LEASELOST" | "OUTOFSTEP" => Some(Refused::LeaseLost),
        "NOTFOUND" => Some(Refused::NotFound { id: about.job?.clone() }),
        "WRONGSTATE" => {
            let state: JobState = words.next()?.parse().ok()?;
            Some(Refused::WrongState { id: about.job?.clone(), state })
        }
        "QUEUEFULL" => {
            Some(Refused::QueueFull { queue: queue(), cap: words.next()?.parse().ok()? })
        }
        "HASACTIVE" => Some(Refused::Busy { queue: queue(), active: words.next()?.parse().ok()? }),
        "TOOMANY" => {
            Some(Refused::TooManyBindings { topic: queue(), most: words.next()?.parse().ok()? })
        }
        "LAYOUT" => Some(Refused::Layout {
            queue: queue(),
            found: words.next()?.to_owned(),
            known: words.next()?.to_owned(),
        }),
        _ => None,
    }
}
