//! The fields of `{q}:histograms`: `run:3` counts the runs in the fourth bucket, `run:sum` has
//! their µs together, `wait:…` has the same of waits, and `retried` counts attempts to be tried
//! again.

use redis::Value;

use crate::{
    stats::{Histogram, QueueStats},
    store::{command::Args, reply},
    value_error::Corrupt,
};

const RUN: &str = "run";
const WAIT: &str = "wait";
const SUM: &str = "sum";
const RETRIED: &str = "retried";

/// The runs of a worker since its last report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// The waits of first attempts.
    pub(crate) wait: Histogram,
    /// The durations of runs.
    pub(crate) run: Histogram,
    /// Attempts that are to be tried again.
    pub(crate) retried: u64,
}

/// Writes them as `lua/worker/observe.lua` reads them.
pub(crate) fn write(observed: &Observed, args: &mut Args<'_>) {
    for (name, histogram) in [(RUN, &observed.run), (WAIT, &observed.wait)] {
        let counts = histogram.counts().iter().enumerate();
        for (bucket, count) in counts.filter(|(_, count)| **count > 0) {
            args.push(format!("{name}:{bucket}")).push(*count);
        }
        if histogram.sum_us() > 0 {
            // Bounded by what Redis's numbers hold exactly.
            args.push(format!("{name}:{SUM}")).push(histogram.sum_us().min(1 << 52));
        }
    }
    if observed.retried > 0 {
        args.push(RETRIED).push(observed.retried);
    }
}

/// Reads the sums of all workers. Fields of other versions are left out.
pub(in crate::store::command) fn read(reply: Value, to: &mut QueueStats) -> Result<(), Corrupt> {
    const WHAT: &str = "a queue's histograms";
    let fields = reply::array(reply, WHAT)?;
    for pair in fields.chunks_exact(2) {
        let (field, value) = (reply::text(&pair[0], WHAT)?, reply::count(&pair[1], WHAT)?);
        match field.split_once(':') {
            Some((RUN, part)) => set(&mut to.run, part, value),
            Some((WAIT, part)) => set(&mut to.wait, part, value),
            None if field == RETRIED => to.total_retried = value,
            _ => {}
        }
    }
    Ok(())
}

fn set(histogram: &mut Histogram, part: &str, value: u64) {
    if part == SUM {
        histogram.set_sum_us(value);
    } else if let Ok(bucket) = part.parse() {
        histogram.set_bucket(bucket, value);
    }
}
