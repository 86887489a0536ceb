//! What needs a look: found in what the overview reads anyway, so it costs nothing.

use std::time::Duration;

use jobqueue::{QueueName, stats::QueueGlance};
use serde::Serialize;

use crate::{
    readings::Reading,
    view::{number, seconds},
    web::encode,
};

/// How many are shown.
const MOST: usize = 7;

/// From this on, waiting is long.
const LONG: Duration = Duration::from_secs(60);

/// Something that needs a look.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) queue: QueueName,
    /// What is wrong, and since when.
    pub(crate) what: String,
    /// Where it is mended.
    pub(crate) path: String,
    /// How bad: the least first.
    #[serde(skip)]
    rank: u8,
}

/// The worst, in the queues for which `sees` says so.
pub(super) fn findings(reading: &Reading, sees: impl Fn(&str) -> bool) -> Vec<Finding> {
    let seen = reading.stats.values().filter(|stats| sees(stats.queue.as_str()));
    let mut found: Vec<_> = seen
        .filter_map(|stats| of_queue(stats, reading.holds_dead_letters(&stats.queue)))
        .collect();
    found.sort_by(|a, b| (a.rank, &a.queue).cmp(&(b.rank, &b.queue)));
    found.truncate(MOST);
    found
}

/// The worst of one queue.
pub(super) fn of_queue(stats: &QueueGlance, holds_dead_letters: bool) -> Option<Finding> {
    let lag = stats.oldest_waiting.unwrap_or_default();
    let name = encode(stats.queue.as_str());
    let finding = |rank, what, path| Finding { queue: stats.queue.clone(), what, path, rank };
    let page = format!("/q/{name}");
    if holds_dead_letters {
        let what = format!("{} dead letters are kept", number(stats.waiting));
        return (stats.waiting > 0).then(|| finding(3, what, format!("/dead/{name}")));
    }
    if stats.paused {
        let what = match stats.waiting {
            0 => return None,
            jobs => format!("it is paused, and {} jobs wait", number(jobs)),
        };
        return Some(finding(4, what, page));
    }
    if stats.waiting > 0 && stats.workers_alive == 0 {
        let waits =
            stats.oldest_waiting.map_or_else(String::new, |time| format!(" for {}", seconds(time)));
        let what = format!("{} jobs wait{waits}, and there is no worker", number(stats.waiting));
        return Some(finding(0, what, page));
    }
    if let Some(time) = stats.throttled_for.filter(|time| *time >= LONG) {
        let what = format!("a handler throttled it for {} more", seconds(time));
        return Some(finding(1, what, page));
    }
    if lag >= LONG {
        return Some(finding(2, format!("jobs wait for {}", seconds(lag)), page));
    }
    None
}
