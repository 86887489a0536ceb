//! What workers have observed, as it stands in `{q}:histograms`: `run:3` how many runs fell into the fourth
//! bucket, `run:sum` their µs together, `wait:…` the same of waits, `retried`.

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

/// What a worker has observed since it last told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// How long first attempts waited.
    pub(crate) wait: Histogram,
    /// How long runs took.
    pub(crate) run: Histogram,
    /// Attempts that are to be tried again.
    pub(crate) retried: u64,
}

/// What the queue has grown by, as `lua/worker/observe.lua` reads it.
pub(crate) fn write(observed: &Observed, args: &mut Args<'_>) {
    for (name, histogram) in [(RUN, &observed.run), (WAIT, &observed.wait)] {
        let counts = histogram.counts().iter().enumerate();
        for (bucket, count) in counts.filter(|(_, count)| **count > 0) {
            args.push(format!("{name}:{bucket}")).push(*count);
        }
        if histogram.sum_us() > 0 {
            // What doesn't fit into Redis's numbers was not a duration.
            args.push(format!("{name}:{SUM}")).push(histogram.sum_us().min(1 << 52));
        }
    }
    if observed.retried > 0 {
        args.push(RETRIED).push(observed.retried);
    }
}

/// What all workers have observed. What another version has written beside it is left out.
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
