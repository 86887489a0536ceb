//! Whether somebody works on a queue that has jobs.

use super::View;
use crate::{
    Check, Finding, Severity,
    finding::{count, long},
};

pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    let is_ours = view.entry.is_dead_letter() || view.paused;
    if is_ours || view.is_served || view.lag < view.thresholds.unserved {
        return None;
    }
    let jobs = if view.waiting > 0 { view.waiting } else { view.delayed };
    let text = [
        format!("{}, no worker for {}.", count(jobs, "job"), long(view.lag)),
        "They wait until a worker serves the queue.".to_owned(),
        format!("start a worker, or `jobqueue pause {}`", view.queue),
    ];
    let finding = Finding::new(Check::Workers, Severity::Error, view.subject(), text);
    Some(finding.since(view.behind_since()))
}
