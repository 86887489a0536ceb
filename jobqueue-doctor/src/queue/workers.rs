//! Whether somebody works on a queue that has jobs.

use super::View;
use crate::{
    Check, Finding, Severity,
    finding::{count, long},
};

pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    let (stats, lag) = (view.stats, view.stats.lag());
    let is_ours = view.entry.is_dead_letter() || stats.counts.paused;
    if is_ours || view.is_served() || lag < view.thresholds.unserved {
        return None;
    }
    let jobs = if stats.counts.waiting > 0 { stats.counts.waiting } else { stats.counts.delayed };
    let text = [
        format!("{}, no worker for {}.", count(jobs, "job"), long(lag)),
        "They wait until a worker serves the queue.".to_owned(),
        format!("start a worker, or `jobqueue pause {}`", stats.queue),
    ];
    let finding = Finding::new(Check::Workers, Severity::Error, view.subject(), text);
    Some(finding.since(view.behind_since()))
}
