//! Whether records of jobs are left that no state leads to.

use jobqueue::{QueueName, stats::Orphans};

use crate::{Check, Finding, Severity, Subject, finding::count};

pub(crate) fn check(queue: &QueueName, orphans: &Orphans) -> Option<Finding> {
    let first = orphans.ids.first()?;
    let text = [
        format!(
            "{} of {} that were looked at are in no state, such as {first}.",
            orphans.ids.len(),
            count(orphans.looked_at, "job"),
        ),
        "Nothing runs, ends or removes them, and they take memory: somebody has changed the queue's keys, \
         or a part of them was lost."
            .to_owned(),
        format!(
            "read each by `HGET PREFIX:{{{queue}}}:jobs ID`, add what is to run, and `HDEL` it there"
        ),
    ];
    Some(Finding::new(Check::Orphans, Severity::Warning, Subject::Queue(queue.clone()), text))
}
