//! The targets of an outbox entry as text: a queue in each line, and after a space the job's name
//! there, if the binding gives one.

use std::borrow::Cow;

use crate::job::{FNV_START, fnv};

/// One target as text; see [`read`].
pub(crate) fn write(queue: &str, job: Option<&str>) -> String {
    match job {
        Some(job) => format!("{queue} {job}"),
        None => queue.to_owned(),
    }
}

/// The queues of an entry, unchecked, each with the job's name there if it differs from its own.
pub(crate) fn read(targets: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    targets.split('\n').map(|target| match target.split_once(' ') {
        Some((queue, job)) => (queue, Some(job)),
        None => (target, None),
    })
}

/// The id of a message's copy for jobs of this name: copies for different names in a queue have
/// different ids.
pub(crate) fn copy_id<'a>(message: &'a str, job: Option<&str>) -> Cow<'a, str> {
    match job {
        None => Cow::Borrowed(message),
        Some(job) => Cow::Owned(format!("{message}.{:016x}", fnv(FNV_START, job.as_bytes()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_written() {
        let targets = [write("mails", Some("welcome mail")), write("audit", None)].join("\n");
        let read: Vec<_> = read(&targets).collect();
        assert_eq!(read, [("mails", Some("welcome mail")), ("audit", None)]);
    }

    #[test]
    fn copies_have_ids_of_their_own() {
        assert_eq!(copy_id("01M", None), "01M");
        assert_eq!(copy_id("01M", Some("a")), "01M.af63dc4c8601ec8c");
        assert_ne!(copy_id("01M", Some("b")), copy_id("01M", Some("a")));
    }
}
