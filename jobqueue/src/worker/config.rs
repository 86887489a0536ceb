//! The settings of a worker.

use std::{fmt, sync::Arc, time::Duration};

use tracing::Span;

use crate::{
    job::{MOST_RUNS, QueueName, TraceContext, WorkerId},
    policy::{Rate, check_max_active},
    settle::JobDefaults,
    value_error::Invalid,
};

/// The settings of a worker; the defaults are [`Config::DEFAULT`].
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) capacity: Capacity,
    pub(crate) lease: Duration,
    /// How long runs may go on after a shutdown was requested.
    pub(crate) drain: Duration,
    pub(crate) defaults: JobDefaults,
    /// Called with the span of each run that has a trace.
    pub(crate) on_span: Option<SpanHook>,
    /// Where jobs go that fail for good, unless their handler names a queue.
    pub(crate) dead_letter: Option<QueueName>,
    /// Limits of the queue over all workers, set in code.
    pub(crate) rate: Option<Rate>,
    pub(crate) max_active: Option<u64>,
    /// The owner of the schedules that handlers declare.
    pub(crate) schedules_of: Option<String>,
    /// Tells the worker from others, on all of its queues; set when it is built.
    pub(crate) instance: Option<WorkerId>,
}

type Hook = dyn Fn(&Span, &TraceContext) + Send + Sync;

/// A hook that gets the span of each run that has a trace, and its place in that trace.
#[derive(Clone)]
pub(crate) struct SpanHook(Arc<Hook>);

impl SpanHook {
    pub(crate) fn new(hook: impl Fn(&Span, &TraceContext) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(crate) fn call(&self, span: &Span, trace: &TraceContext) {
        (self.0)(span, trace);
    }
}

impl fmt::Debug for SpanHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpanHook")
    }
}

/// How many jobs a pump holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// Runs at once.
    pub(crate) concurrency: usize,
    /// Jobs fetched beyond those, ahead of free slots.
    pub(crate) prefetch: usize,
}

impl Capacity {
    pub(crate) fn total(self) -> usize {
        self.concurrency.saturating_add(self.prefetch)
    }
}

/// How long a worker sleeps at most before it looks for jobs by itself.
pub(crate) const MAX_SLEEP: Duration = Duration::from_secs(5);

/// For how long a job of an unknown name may go back. It may be the only worker that comes by.
const LONGEST_UNKNOWN: Duration = Duration::from_secs(86_400);

impl Config {
    pub(crate) const DEFAULT: Self = Self {
        capacity: Capacity { concurrency: 10, prefetch: 0 },
        lease: Duration::from_secs(10),
        drain: Duration::from_secs(30),
        defaults: JobDefaults::DEFAULT,
        on_span: None,
        dead_letter: None,
        rate: None,
        max_active: None,
        schedules_of: None,
        instance: None,
    };

    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        let Capacity { concurrency, prefetch } = self.capacity;
        if concurrency == 0 || concurrency > MOST_RUNS {
            return Err(Invalid::new("concurrency", concurrency, "use 1 to 100,000 slots"));
        }
        if self.capacity.total() > MOST_RUNS {
            let advice = "with the slots, use at most 100,000";
            return Err(Invalid::new("prefetch", prefetch, advice));
        }
        if self.lease < Duration::from_millis(100) || self.lease > Duration::from_secs(3_600) {
            return Err(Invalid::new("lease", self.lease, "use 100 ms to 1 h"));
        }
        let JobDefaults { unknown_delay, retain, retain_failed, .. } = self.defaults;
        if unknown_delay > LONGEST_UNKNOWN {
            let advice = "let a job of an unknown name go back for at most a day";
            return Err(Invalid::new("unknown_names", unknown_delay, advice));
        }
        retain.validate().map_err(|invalid| invalid.of("retain"))?;
        retain_failed.validate().map_err(|invalid| invalid.of("retain_failed"))?;
        if let Some(owner) = &self.schedules_of
            && (owner.is_empty() || owner.len() > 128)
        {
            return Err(Invalid::new("owner of schedules", owner, "use 1 to 128 bytes"));
        }
        let rate = self.rate.map_or(Ok(()), |rate| rate.validate());
        rate.map_err(|invalid| invalid.of("queue_rate"))?;
        self.max_active.map_or(Ok(()), |max| check_max_active("queue_concurrency", max))
    }
}
