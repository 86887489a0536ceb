//! What a worker reports of its runs. Their sums go into the fields of `{q}:histograms`: `run:3`
//! counts the runs in the fourth bucket, `run:sum` has their µs together, `wait:…` has the same of
//! waits, and `retried` counts attempts to be tried again. The history of the queue keeps them by
//! name and time.

use std::collections::HashMap;

use redis::Value;

use crate::{
    hashing::RandomState,
    job::JobName,
    stats::{Histogram, PointCounts, QueueStats},
    store::{command::Args, history::OTHERS, points, reply},
    value_error::Corrupt,
};

const RUN: &str = "run";
const WAIT: &str = "wait";
const SUM: &str = "sum";
const RETRIED: &str = "retried";

/// The most names that one report tells apart. A history has 32.
const MOST_NAMES: usize = 100;

/// What has happened to the jobs of a worker since its last report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Observed {
    /// By their names; `None` for those without a handler here, and those beyond `MOST_NAMES`.
    names: HashMap<Option<JobName>, PointCounts, RandomState>,
}

impl Observed {
    /// The counts of jobs of this name.
    pub(crate) fn of(&mut self, name: Option<&JobName>) -> &mut PointCounts {
        let known = name.filter(|name| {
            self.names.len() < MOST_NAMES || self.names.contains_key(&Some((*name).clone()))
        });
        self.names.entry(known.cloned()).or_default()
    }

    /// All names together.
    pub(crate) fn sum(&self) -> PointCounts {
        let mut sum = PointCounts::default();
        self.names.values().for_each(|counts| sum.add(counts));
        sum
    }
}

/// Writes them as `lua/worker/observe.lua` reads them.
pub(crate) fn write(observed: &Observed, args: &mut Args<'_>) {
    let sum = observed.sum();
    let mut fields = Vec::new();
    for (name, histogram) in [(RUN, &sum.run), (WAIT, &sum.wait)] {
        let counts = histogram.counts().iter().enumerate();
        let counts = counts.filter(|(_, count)| **count > 0);
        fields.extend(counts.map(|(bucket, count)| (format!("{name}:{bucket}"), *count)));
        if histogram.sum_us() > 0 {
            // Bounded by what Redis's numbers hold exactly.
            fields.push((format!("{name}:{SUM}"), histogram.sum_us().min(1 << 52)));
        }
    }
    if sum.retried > 0 {
        fields.push((RETRIED.to_owned(), sum.retried));
    }
    args.push(fields.len());
    for (field, count) in fields {
        args.push(field).push(count);
    }
    for (name, counts) in &observed.names {
        let name = name.as_ref().map_or(OTHERS, JobName::as_str);
        args.push(name).push(points::write(counts));
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
