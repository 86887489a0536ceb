//! The ticks of a schedule.

use super::{CatchUp, LATEST_MS, Overlap, timing::Timing};

/// When a schedule is due, and what becomes of its ticks. Times are in ms, since the epoch where
/// they are moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TickRule {
    pub(crate) timing: Timing,
    /// How much later than the timing says it is due.
    pub(crate) offset: i64,
    /// The first and the last moment at which it may be due.
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    pub(crate) catch_up: CatchUp,
    pub(crate) overlap: Option<Overlap>,
}

impl TickRule {
    /// The first tick after this time.
    pub(crate) fn after(&self, ms: i64) -> Option<i64> {
        let from = ms.max(self.start.map_or(i64::MIN, |start| start.saturating_sub(1)));
        let tick = self.timing.after(from.saturating_sub(self.offset))?.checked_add(self.offset)?;
        let last = self.end.unwrap_or(LATEST_MS).min(LATEST_MS);
        Some(tick).filter(|tick| *tick <= last)
    }

    /// The newest tick until `now`, if `tick` is one.
    pub(super) fn newest(&self, tick: i64, now: i64) -> i64 {
        let is_past = |tick: &i64| *tick <= now;
        let mut newest = tick;
        // What comes after a time comes after each later one, too: halving finds the last time that
        // still has a tick until now after it. At most some fifty steps, however long ago it was.
        let (mut low, mut high) = (tick, now);
        while low < high {
            match self.after(newest).filter(is_past) {
                Some(later) => newest = later,
                None => break,
            }
            low = newest;
            let middle = low + (high - low) / 2;
            match self.after(middle).filter(is_past) {
                Some(later) => (newest, low) = (later, later),
                None => high = middle,
            }
        }
        newest
    }

    /// What happens at a tick while the last job isn't over.
    pub(crate) fn overlap(&self) -> Overlap {
        match (self.overlap, self.catch_up) {
            (Some(overlap), _) => overlap,
            (None, CatchUp::Within(_)) => Overlap::Allow,
            (None, _) => Overlap::default(),
        }
    }
}
