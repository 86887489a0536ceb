//! Whether effects on other queues arrive.

use super::View;
use crate::{
    Check, Finding, Severity,
    finding::{count, long},
};

pub(super) fn check(view: &View<'_>) -> Option<Finding> {
    let oldest = view.oldest_effect.filter(|oldest| *oldest >= view.thresholds.effect)?;
    let text = [
        format!(
            "{} for other queues, the oldest on its way for {}.",
            count(view.effects, "effect"),
            long(oldest)
        ),
        "Dead letters, replies and nodes of flows don't arrive where they belong.".to_owned(),
        format!(
            "see that a worker serves {}, and that the queues where they go aren't full",
            view.queue
        ),
    ];
    let finding = Finding::new(Check::Outbox, Severity::Error, view.subject(), text);
    Some(finding.since(Some(view.at - oldest)))
}
