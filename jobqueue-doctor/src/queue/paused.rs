//! Whether a queue was paused and forgotten.

use super::View;
use crate::{
    Check, Finding, Severity,
    finding::{count, long},
};

/// How long it is paused isn't kept: how long the oldest job could have run is.
pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    if !view.paused || view.lag < view.thresholds.paused {
        return None;
    }
    let text = [
        format!(
            "It is paused, and {} wait, the oldest for {}.",
            count(view.waiting, "job"),
            long(view.lag)
        ),
        "None of them runs until it is resumed.".to_owned(),
        format!("jobqueue resume {}", view.queue),
    ];
    let finding = Finding::new(Check::Paused, Severity::Warning, view.subject(), text);
    Some(finding.since(view.behind_since()))
}
