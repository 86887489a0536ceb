//! Whether a key has grown large.

use jobqueue::{QueueName, stats::KeySize};

use crate::{Check, Finding, Severity, Subject, Thresholds};

pub(crate) fn check(
    queue: &QueueName,
    sizes: &[KeySize],
    thresholds: &Thresholds,
) -> Option<Finding> {
    let largest = sizes.iter().max_by_key(|size| size.bytes)?;
    if largest.bytes < thresholds.big_key {
        return None;
    }
    let text = [
        format!("Its {} take {} MiB.", largest.key, largest.bytes >> 20),
        "A key of that size moves slowly between nodes, and delays the server when it goes."
            .to_owned(),
        format!("keep less: `retain` of its handlers, `jobqueue clean {queue}`, smaller payloads"),
    ];
    let subject = Subject::Queue(queue.clone());
    Some(Finding::new(Check::BigKeys, Severity::Warning, subject, text))
}
