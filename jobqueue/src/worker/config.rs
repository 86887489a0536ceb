//! How a worker works.

use std::{fmt, sync::Arc, time::Duration};

use tracing::Span;

use crate::{
    flaw::Invalid,
    job::{QueueName, TraceContext},
    policy::{Rate, Retain},
};

/// How a worker works; the defaults are [`Config::DEFAULT`].
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) slots: Slots,
    pub(super) lease: Duration,
    /// How long runs may go on after a shutdown was asked for.
    pub(super) drain: Duration,
    pub(super) care: Care,
    /// Called with the span of each run that has a trace.
    pub(super) on_span: Option<SpanHook>,
    /// Where jobs go that fail for good, unless their handler says so.
    pub(super) dead_letter: Option<QueueName>,
    /// Limits of the queue over all workers, set in code.
    pub(super) rate: Option<Rate>,
    pub(super) max_active: Option<u64>,
}

type Hook = dyn Fn(&Span, &TraceContext) + Send + Sync;

/// What is done with the span of a run, and the run's place in its trace.
#[derive(Clone)]
pub(super) struct SpanHook(Arc<Hook>);

impl SpanHook {
    pub(super) fn new(hook: impl Fn(&Span, &TraceContext) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }

    pub(super) fn call(&self, span: &Span, trace: &TraceContext) {
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
pub(super) struct Slots {
    /// Runs at once.
    pub(super) concurrency: usize,
    /// Jobs beyond those, fetched ahead.
    pub(super) prefetch: usize,
}

/// What becomes of jobs that nobody can run, and of those that have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Care {
    pub(crate) max_stalls: u32,
    pub(crate) unknown_delay: Duration,
    pub(crate) unknown_limit: u32,
    pub(crate) retain: Retain,
    pub(crate) retain_failed: Retain,
}

/// The most jobs that a pump may hold: as many as a call can speak of.
const MOST_SLOTS: usize = 100_000;

impl Care {
    pub(crate) const DEFAULT: Self = Self {
        max_stalls: 2,
        unknown_delay: Duration::from_secs(10),
        unknown_limit: 30,
        retain: Retain::DEFAULT_COMPLETED,
        retain_failed: Retain::DEFAULT_FAILED,
    };
}

impl Config {
    pub(super) const DEFAULT: Self = Self {
        slots: Slots { concurrency: 10, prefetch: 0 },
        lease: Duration::from_secs(10),
        drain: Duration::from_secs(30),
        care: Care::DEFAULT,
        on_span: None,
        dead_letter: None,
        rate: None,
        max_active: None,
    };

    pub(super) fn validate(&self) -> Result<(), Invalid> {
        let Slots { concurrency, prefetch } = self.slots;
        if concurrency == 0 || concurrency.saturating_add(prefetch) > MOST_SLOTS {
            return Err(Invalid::new(
                "concurrency",
                concurrency,
                "use 1 to 100,000 slots, prefetched jobs among them",
            ));
        }
        if self.lease < Duration::from_millis(100) || self.lease > Duration::from_secs(3_600) {
            return Err(Invalid::new("lease", format!("{:?}", self.lease), "use 100 ms to 1 h"));
        }
        if let Some(rate) = self.rate {
            rate.validate()?;
        }
        Ok(())
    }
}
