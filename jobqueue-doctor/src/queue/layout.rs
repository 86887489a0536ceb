//! Whether a queue's layout is one that this version knows.

use jobqueue::{Error, QueueName, error::Refused};

use crate::{Check, Finding, Severity, Subject};

/// From the error of a call on the queue.
pub(crate) fn check(queue: &QueueName, error: &Error) -> Option<Finding> {
    let Error::Refused(Refused::Layout { found, known, .. }) = error else { return None };
    let text = [
        format!("Its layout is of version {found}; this program knows {known}."),
        "Programs of this version can do nothing with it, and others may run.".to_owned(),
        "update this program, or the others".to_owned(),
    ];
    let subject = Subject::Queue(queue.clone());
    Some(Finding::new(Check::Layout, Severity::Error, subject, text))
}
