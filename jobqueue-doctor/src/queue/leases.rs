//! Whether jobs are held by workers that are gone.

use super::View;
use crate::{Check, Finding, Severity, finding::count};

/// A worker that serves the queue takes back what another has left, within seconds.
pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    let held = view.held_by_none;
    if held == 0 || view.is_served {
        return None;
    }
    let text = [
        format!("{} held by workers that are gone.", count(held, "job")),
        "They go to other workers once one serves the queue, and count as active until then."
            .to_owned(),
        "start a worker for it".to_owned(),
    ];
    Some(Finding::new(Check::Leases, Severity::Error, view.subject(), text))
}
