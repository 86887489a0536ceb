//! Counts what the library writes to the log.

use std::sync::{Arc, Mutex, PoisonError};

use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

/// A subscriber that counts events of the library by level: warnings or worse, and information.
#[derive(Clone, Debug, Default)]
pub struct LogLines(Arc<Mutex<Counts>>);

/// How many lines there are of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Warnings and errors.
    pub warnings: usize,
    /// Information.
    pub infos: usize,
}

impl Counts {
    /// How many came since.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let warnings = self.warnings - before.warnings;
        Self { warnings, infos: self.infos - before.infos }
    }
}

impl LogLines {
    /// How many there are by now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for LogLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("jobqueue::")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *event.metadata().level() {
            Level::ERROR | Level::WARN => counts.warnings += 1,
            Level::INFO => counts.infos += 1,
            _ => {}
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
