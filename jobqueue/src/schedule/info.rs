//! A schedule as it stands at one moment.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    error_chain::chain,
    job::{JobId, Record, ScheduleId, ScheduleRule},
    policy::schedule::Timing,
    store::schedule::ScheduleEntry,
};

/// All that is known of a schedule at one moment.
///
/// Serialized: its fields; times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ScheduleInfo {
    /// Its id.
    pub id: ScheduleId,
    /// When it is due, as text: `0 3 * * * (Europe/Berlin)`, `every 5m`; `None` if this program
    /// can't read that.
    pub timing: Option<String>,
    /// The job that it adds, without what a tick says; `None` if this program can't read that.
    pub job: Option<Record>,
    /// The next tick; `None` if it is paused or over.
    pub next: Option<DateTime<Utc>>,
    /// Whether an operator has paused it.
    pub paused: bool,
    /// Whether its timing is an operator's: programs leave that alone.
    pub moved: bool,
    /// The owner whose code declares it; see
    /// [`schedules_of`](crate::WorkerBuilder::schedules_of).
    pub owner: Option<String>,
    /// How many jobs it has added.
    pub fired: u64,
    /// How many ticks added no job, since the last job wasn't over for instance. Ticks that one job
    /// made up for don't count.
    pub left_out: u64,
    /// The tick of the last job; `None` if that was [run by hand](super::Schedules::run_now).
    pub last_tick: Option<DateTime<Utc>>,
    /// The last job.
    pub last_job: Option<JobId>,
    /// Why this program can't read it: it was made by a newer version, or with a feature that is
    /// missing here.
    pub problem: Option<String>,
    #[serde(skip)]
    rule: Option<Box<ScheduleRule>>,
}

/// The most ticks that are reckoned ahead.
const MOST_TICKS: usize = 1_000;

fn time(ms: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms)
}

impl ScheduleInfo {
    pub(crate) fn new(id: ScheduleId, entry: ScheduleEntry) -> Self {
        let ScheduleEntry { rule, tick, fired, marks, owner } = entry;
        let (rule, problem) = match ScheduleRule::decode(&rule) {
            Ok(rule) => (Some(Box::new(rule)), None),
            Err(error) => (None, Some(chain(&error).to_string())),
        };
        Self {
            timing: rule.as_ref().map(|rule| rule.ticks.timing.to_string()),
            job: rule.as_ref().map(|rule| rule.job.clone()),
            next: tick.and_then(time),
            paused: marks.paused,
            moved: marks.moved,
            owner,
            fired: fired.count,
            left_out: fired.left_out,
            last_tick: fired.job.as_ref().and_then(|job| id.tick_of(job)).and_then(time),
            last_job: fired.job,
            problem,
            rule,
            id,
        }
    }

    /// The next `count` ticks, at most 1,000; fewer if it ends before. None if it is paused.
    #[must_use]
    pub fn next_ticks(&self, count: usize) -> Vec<DateTime<Utc>> {
        let left = self.rule.as_ref().and_then(|rule| rule.limit);
        let left = left.map_or(u64::MAX, |limit| limit.saturating_sub(self.fired));
        let count = count.min(MOST_TICKS).min(usize::try_from(left).unwrap_or(usize::MAX));
        let after = |tick: &DateTime<Utc>| {
            self.rule.as_ref()?.ticks.after(tick.timestamp_millis()).and_then(time)
        };
        std::iter::successors(self.next, after).take(count).collect()
    }

    /// When it is due; `None` if this program can't read that.
    #[must_use]
    pub fn rule(&self) -> Option<&Timing> {
        self.rule.as_ref().map(|rule| &rule.ticks.timing)
    }
}
