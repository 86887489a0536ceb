//! Whether a queue was paused and forgotten.

use super::View;
use crate::{
    Check, Finding, Severity,
    finding::{count, long},
};

/// How long it is paused isn't kept: how long the oldest job could have run is.
pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    let (stats, lag) = (view.stats, view.stats.lag());
    if !stats.counts.paused || lag < view.thresholds.paused {
        return None;
    }
    let text = [
        format!(
            "It is paused, and {} wait, the oldest for {}.",
            count(stats.counts.waiting, "job"),
            long(lag)
        ),
        "None of them runs until it is resumed.".to_owned(),
        format!("jobqueue resume {}", stats.queue),
    ];
    let finding = Finding::new(Check::Paused, Severity::Warning, view.subject(), text);
    Some(finding.since(view.behind_since()))
}
