//! What time has to do with: rates and leases.

use std::collections::BTreeSet;

use super::{Judge, Wrong};
use crate::{book::Note, plan::Kind};

/// Of the queue that has one: starts a second, and the burst.
pub(crate) const RATE: (u32, u32) = (20, 3);

/// What a start may be late without delaying those after it, in ms.
const LATE: f64 = 20.0;

impl Judge<'_> {
    /// The most starts within any time: the burst, and one an interval.
    pub(super) fn check_rate(&mut self) {
        if self.plan.jumps() || !self.lost.is_empty() {
            return;
        }
        // Of an add that wasn't acknowledged it isn't known which job it has made.
        let stay: BTreeSet<&str> = self
            .notes
            .iter()
            .filter_map(|(_, note)| match note {
                Note::Added { token, id, .. } => {
                    let (_, order) = self.kind_of(*token)?;
                    order.ttl.or(order.deadline).is_none().then_some(id.as_str())
                }
                _ => None,
            })
            .collect();
        let interval = 1_000.0 / f64::from(RATE.0);
        let burst = f64::from(RATE.1).max(1.0 + LATE / interval);
        let Some(ledger) = self.ledgers.get(Kind::Paced.queue()) else { return };
        let events = ledger.events.iter();
        let active = events.filter(|(_, kind, _)| kind == "active");
        #[expect(clippy::cast_precision_loss, reason = "less than 2^52")]
        let starts: Vec<f64> = active
            .flat_map(|(at, _, ids)| ids.iter().map(move |id| (*at as f64, id)))
            // What has expired is handed out at once, and doesn't start.
            .filter(|(_, id)| stay.contains(id.as_str()))
            .map(|(at, _)| at)
            .collect();
        for (index, first) in starts.iter().enumerate() {
            let mut most = burst;
            for last in &starts[index..] {
                most -= 1.0;
                // The server says when in whole ms.
                if most + (last - first + 1.0) / interval < -0.01 {
                    let count = burst - most;
                    let what = format!("{count} started in {} ms", last - first);
                    return self.complain(Wrong::TooFast, what);
                }
            }
        }
    }

    /// No lease ends while nothing is wrong.
    pub(super) fn check_leases(&mut self) {
        for (queue, ledger) in self.ledgers {
            let stalled = ledger
                .events
                .iter()
                .find(|(at, kind, ids)| *at >= self.calm && kind == "stalled" && !ids.is_empty());
            if let Some((_, _, ids)) = stalled {
                let what = format!("{ids:?} of {queue} stalled, though nothing was wrong");
                self.complain(Wrong::Late, what);
            }
        }
    }
}
