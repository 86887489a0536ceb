//! Names of queues and of kinds of jobs.

use std::{str::FromStr, sync::Arc};

use super::text::text_type;
use crate::value_error::Invalid;

/// The longest queue or job name, in bytes.
const MAX_NAME_LEN: usize = 128;

/// The name of a queue: 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`.
///
/// It becomes the hash tag of all of the queue's keys (`jq:{orders}:…`), hence no braces.
///
/// ```
/// use jobqueue::QueueName;
///
/// assert!("orders.eu-1".parse::<QueueName>().is_ok());
/// assert!("{orders}".parse::<QueueName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(Arc<str>);

/// The name of a kind of job: 1 to 128 bytes of text without control characters or leading and
/// trailing spaces.
///
/// ```
/// use jobqueue::JobName;
///
/// assert!("send welcome mail".parse::<JobName>().is_ok());
/// assert!(" padded ".parse::<JobName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobName(Arc<str>);

impl FromStr for QueueName {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        if !is_plain(name) {
            return Err(Invalid::new(
                "queue name",
                name,
                "use 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`",
            ));
        }
        Ok(Self(Arc::from(name)))
    }
}

impl FromStr for JobName {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        if !trims(name) || name.trim() != name || name.chars().any(char::is_control) {
            return Err(Invalid::new(
                "job name",
                name,
                "use 1 to 128 bytes without control characters, leading or trailing spaces",
            ));
        }
        Ok(Self(Arc::from(name)))
    }
}

/// Whether a text has the form of a queue's name.
pub(super) const fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'_' | b'-' | b'.' | b':')) {
            return false;
        }
        at += 1;
    }
    at >= 1 && at <= MAX_NAME_LEN
}

/// Whether a text has the form of a job's name, as far as its ASCII characters tell.
pub(super) const fn trims(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_control() {
            return false;
        }
        at += 1;
    }
    at >= 1 && at <= MAX_NAME_LEN && bytes[0] != b' ' && bytes[at - 1] != b' '
}

text_type!(QueueName);
text_type!(JobName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_names() {
        for good in ["a", "orders", "orders.eu:1_x-2", &"q".repeat(128)] {
            assert!(good.parse::<QueueName>().is_ok(), "{good:?}");
        }
        for bad in ["", "a b", "{a}", "a}", "ä", "📦", "a\0", &"q".repeat(129), &"q".repeat(10_240)]
        {
            assert!(bad.parse::<QueueName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn job_names() {
        for good in ["a", "process order", "größe {x}", "📦"] {
            assert!(good.parse::<JobName>().is_ok(), "{good:?}");
        }
        for bad in ["", " a", "a ", "a\nb", "\u{7f}", &"n".repeat(129)] {
            assert!(bad.parse::<JobName>().is_err(), "{bad:?}");
        }
    }
}
