//! Whether somebody reads dead letters.

use super::View;
use crate::{
    Check, Finding, Severity,
    finding::{count, long},
};

pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    let letters = view.waiting;
    if !view.entry.is_dead_letter() || letters == 0 || view.is_served {
        return None;
    }
    let text = [
        format!("{}, no reader; the oldest for {}.", count(letters, "dead letter"), long(view.lag)),
        "Jobs that failed for good are kept here until somebody sends them back or removes them."
            .to_owned(),
        format!("jobqueue dead-letters {}", view.queue),
    ];
    let finding = Finding::new(Check::DeadLetters, Severity::Warning, view.subject(), text);
    Some(finding.since(view.behind_since()))
}
