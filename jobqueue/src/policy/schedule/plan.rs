//! What becomes of a schedule that is due.

use super::{
    late::{CatchUp, MET_MS, Overlap},
    rule::TickRule,
};
use crate::policy::whole_millis;

/// One step: the schedule goes on from this tick to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The tick that it stood at.
    pub(crate) this: i64,
    /// The tick whose job is added; none if it is left out.
    pub(crate) fires: Option<i64>,
    /// Where it stands then; none if it is over.
    pub(crate) next: Option<i64>,
}

/// The steps of a schedule that stands at `tick`, which is due, `most` at most.
pub(crate) fn plan(rule: &TickRule, tick: i64, now: i64, most: usize) -> Vec<Step> {
    match rule.catch_up {
        // Each would cancel the job of the one before.
        CatchUp::Within(window) if rule.overlap() == Overlap::Cancel => {
            let newest = rule.newest(tick, now);
            let late = u64::try_from(now.saturating_sub(newest)).unwrap_or(0);
            let fires = Some(newest).filter(|_| late <= whole_millis(window));
            vec![Step { this: tick, fires, next: rule.after(now.max(tick)) }]
        }
        CatchUp::Within(window) => all(rule, tick, now, whole_millis(window), most),
        CatchUp::Skip | CatchUp::Once => {
            let newest = rule.newest(tick, now);
            // One that stood in line is late for another reason.
            let waits = rule.overlap() == Overlap::Queue;
            let met = now.saturating_sub(newest) <= MET_MS || waits;
            let fires = Some(newest).filter(|_| met || rule.catch_up == CatchUp::Once);
            vec![Step { this: tick, fires, next: rule.after(now.max(tick)) }]
        }
    }
}

fn all(rule: &TickRule, tick: i64, now: i64, window: u64, most: usize) -> Vec<Step> {
    let oldest = now.saturating_sub(i64::try_from(window).unwrap_or(i64::MAX));
    let (mut steps, mut at) = (Vec::new(), Some(tick));
    if tick < oldest {
        let next = rule.after(oldest.saturating_sub(1));
        steps.push(Step { this: tick, fires: None, next });
        at = next;
    }
    while let Some(this) = at.filter(|at| *at <= now && steps.len() < most) {
        at = rule.after(this);
        steps.push(Step { this, fires: Some(this), next: at });
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    use crate::policy::schedule::Every;

    const HOUR: i64 = 3_600_000;

    fn hourly(catch_up: CatchUp) -> TickRule {
        let timing = Every::new(Duration::from_secs(3_600)).into();
        TickRule { timing, offset: 0, start: None, end: None, catch_up, overlap: None }
    }

    fn steps(rule: &TickRule, tick: i64, now: i64) -> Vec<(i64, Option<i64>, Option<i64>)> {
        let steps = plan(rule, tick, now, 100);
        steps.iter().map(|step| (step.this, step.fires, step.next)).collect()
    }

    #[test]
    fn one_job_for_all_that_was_missed() {
        let rule = hourly(CatchUp::Once);
        assert_eq!(steps(&rule, HOUR, HOUR), [(HOUR, Some(HOUR), Some(2 * HOUR))]);
        let late = 5 * HOUR + 1;
        assert_eq!(steps(&rule, HOUR, late), [(HOUR, Some(5 * HOUR), Some(6 * HOUR))]);
        let skip = hourly(CatchUp::Skip);
        assert_eq!(steps(&skip, HOUR, late), [(HOUR, Some(5 * HOUR), Some(6 * HOUR))]);
        let later = 5 * HOUR + MET_MS + 1;
        assert_eq!(steps(&skip, HOUR, later), [(HOUR, None, Some(6 * HOUR))]);
    }

    #[test]
    fn all_within_a_window() {
        let rule = hourly(CatchUp::Within(Duration::from_secs(2 * 3_600)));
        assert_eq!(
            steps(&rule, HOUR, 5 * HOUR + 1),
            [
                (HOUR, None, Some(4 * HOUR)),
                (4 * HOUR, Some(4 * HOUR), Some(5 * HOUR)),
                (5 * HOUR, Some(5 * HOUR), Some(6 * HOUR)),
            ]
        );
        let endless = hourly(CatchUp::Within(Duration::MAX));
        let some = plan(&endless, HOUR, 1_000_000 * HOUR, 10);
        assert_eq!((some.len(), some[9].next), (10, Some(11 * HOUR)), "the rest comes later");
    }

    #[test]
    fn of_ticks_that_cancel_each_other_the_newest_counts() {
        let within = |hours: u64| {
            let window = Duration::from_secs(hours * 3_600);
            TickRule { overlap: Some(Overlap::Cancel), ..hourly(CatchUp::Within(window)) }
        };
        let late = 5 * HOUR + HOUR / 2;
        assert_eq!(steps(&within(1), HOUR, late), [(HOUR, Some(5 * HOUR), Some(6 * HOUR))]);
        assert_eq!(steps(&within(0), HOUR, late), [(HOUR, None, Some(6 * HOUR))]);
    }

    #[test]
    fn starts_ends_and_offsets() {
        let rule = TickRule {
            offset: 60_000,
            start: Some(10 * HOUR),
            end: Some(12 * HOUR + 60_000),
            ..hourly(CatchUp::Once)
        };
        assert_eq!(rule.after(0), Some(10 * HOUR + 60_000));
        assert_eq!(rule.after(11 * HOUR), Some(11 * HOUR + 60_000));
        assert_eq!(rule.after(12 * HOUR + 59_999), Some(12 * HOUR + 60_000), "the end counts");
        assert_eq!(rule.after(12 * HOUR + 60_000), None);
        let start = TickRule { start: Some(3 * HOUR), ..hourly(CatchUp::Once) };
        assert_eq!(start.after(0), Some(3 * HOUR), "the start counts");
    }

    #[test]
    fn the_newest_tick_is_found_however_many_were_missed() {
        let second = Every::new(Duration::from_secs(1)).into();
        let rule = TickRule { timing: second, ..hourly(CatchUp::Once) };
        for now in [1_000, 1_999, 2_000, 999_999_999_999, 1_000_000_000_000] {
            assert_eq!(rule.newest(1_000, now), now / 1_000 * 1_000, "{now}");
        }
        assert_eq!(rule.newest(1_234, 1_500), 1_234, "one that was moved counts as well");
        let end = TickRule { end: Some(50_000), ..rule };
        assert_eq!(end.newest(1_000, 999_999), 50_000);
    }

    #[test]
    fn what_overlaps_unless_it_is_said() {
        let overlap = |catch_up| hourly(catch_up).overlap();
        assert_eq!(overlap(CatchUp::Once), Overlap::Skip);
        assert_eq!(overlap(CatchUp::Within(Duration::from_secs(1))), Overlap::Allow);
    }
}
