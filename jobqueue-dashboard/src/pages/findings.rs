//! What needs a look: what the doctor finds in what the overview reads anyway, so that it costs
//! nothing, and what is no fault but worth a look.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use jobqueue::{QueueName, manage::QueueEntry, stats::QueueGlance};
use jobqueue_doctor::{Severity, Thresholds, glance_findings};
use serde::Serialize;

use super::doctor;
use crate::{readings::Reading, view::seconds, web::encode};

/// How many are shown.
const MOST: usize = 7;

/// From this on, waiting is long.
const LONG: Duration = Duration::from_secs(60);

/// Something that needs a look.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) queue: QueueName,
    /// What it is.
    pub(crate) what: String,
    /// Since when, as far as that is known.
    pub(crate) since: Option<DateTime<Utc>>,
    /// Where it is mended.
    pub(crate) path: String,
    /// How bad: the least first.
    #[serde(skip)]
    rank: u8,
}

/// The worst of each queue that has anything.
pub(super) fn findings(reading: &Reading, thresholds: &Thresholds) -> BTreeMap<QueueName, Finding> {
    let found = reading.queues.iter().filter_map(|entry| {
        let stats = reading.stats.get(&entry.name)?;
        Some((entry.name.clone(), of_queue(stats, entry, thresholds)?))
    });
    found.collect()
}

/// The worst of all, in the queues for which `sees` says so.
pub(super) fn worst(
    all: &BTreeMap<QueueName, Finding>,
    sees: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut seen: Vec<_> = all.values().filter(|it| sees(it.queue.as_str())).cloned().collect();
    seen.sort_by(|a, b| (a.rank, &a.queue).cmp(&(b.rank, &b.queue)));
    seen.truncate(MOST);
    seen
}

fn of_queue(stats: &QueueGlance, entry: &QueueEntry, thresholds: &Thresholds) -> Option<Finding> {
    let found = glance_findings(stats, entry, thresholds).into_iter();
    if let Some(worst) = found.max_by_key(|finding| finding.severity) {
        return Some(Finding {
            queue: stats.queue.clone(),
            what: worst.what.trim_end_matches('.').to_owned(),
            since: worst.since,
            path: doctor::path(&worst)?,
            rank: match worst.severity {
                Severity::Error => 0,
                Severity::Warning => 2,
                _ => 4,
            },
        });
    }
    let (rank, what) = slow(stats, entry)?;
    let path = format!("/q/{}", encode(stats.queue.as_str()));
    Some(Finding { queue: stats.queue.clone(), what, since: None, path, rank })
}

/// What may be meant to be so, and makes jobs wait.
fn slow(stats: &QueueGlance, entry: &QueueEntry) -> Option<(u8, String)> {
    if let Some(time) = stats.throttled_for.filter(|time| *time >= LONG) {
        return Some((1, format!("A handler has throttled it for {} more", seconds(time))));
    }
    let waits = !stats.paused && !entry.is_dead_letter() && stats.lag() >= LONG;
    waits.then(|| (3, format!("Jobs wait for {}", seconds(stats.lag()))))
}
