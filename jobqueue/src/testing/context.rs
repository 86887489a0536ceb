//! A context for a handler that is called by itself.

use std::{
    any::Any,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;

use crate::{
    clock,
    job::{Codec, Delivery, JobId, JobOptions, Record},
    value_error::{Invalid, PayloadError},
    worker::{AttemptNumbers, Cancellation, Context, ContextParts, RunParts, States, run_trace},
};

/// A [`Context`] about to be made: progress and log go nowhere.
#[derive(Debug)]
pub struct TestContext {
    name: String,
    numbers: AttemptNumbers,
    time_left: Option<Duration>,
    options: JobOptions,
    states: States,
    cancellation: Cancellation,
    signals: Vec<(String, Vec<u8>)>,
    unwritable: Option<PayloadError>,
}

impl Default for TestContext {
    fn default() -> Self {
        Self::new()
    }
}

impl TestContext {
    /// The first of three attempts of a job named `test`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            name: "test".to_owned(),
            numbers: AttemptNumbers { attempts: 3, ..AttemptNumbers::ONE },
            time_left: None,
            options: JobOptions::default(),
            states: States::default(),
            cancellation: Cancellation::default(),
            signals: Vec::new(),
            unwritable: None,
        }
    }

    /// The job's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Which attempt it is, from 1.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.numbers.attempt = attempt;
        self
    }

    /// How many attempts there are.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.numbers.attempts = attempts;
        self
    }

    /// How often the job was snoozed before.
    #[must_use]
    pub fn snoozes(mut self, snoozes: u32) -> Self {
        self.numbers.snoozes = snoozes;
        self
    }

    /// A header of the job.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.insert(name.into(), value.into());
        self
    }

    /// How long the run has left.
    #[must_use]
    pub fn time_left(mut self, time: Duration) -> Self {
        self.time_left = Some(time);
        self
    }

    /// State, for extractors that ask for it.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// A signal that the job was sent, for its next [wait](Context::wait_for) of this name.
    #[must_use]
    pub fn signal<V: Serialize + ?Sized>(mut self, name: impl Into<String>, value: &V) -> Self {
        match Codec::MessagePack.encode(value) {
            Ok(value) => self.signals.push((name.into(), value)),
            Err(error) => self.unwritable = Some(error),
        }
        self
    }

    /// A run that has been told to stop.
    #[must_use]
    pub fn cancelled(self) -> Self {
        self.cancellation.cancel();
        self
    }

    /// A run whose lease was lost.
    #[must_use]
    pub fn lost(self) -> Self {
        self.cancellation.lose();
        self
    }

    /// The context.
    ///
    /// # Errors
    /// The job's name is invalid, or a signal can't be written.
    pub fn try_build(self) -> Result<Context, Invalid> {
        if let Some(error) = self.unwritable {
            let problem = "a signal can't be written";
            return Err(Invalid::setup(problem, "give it a value that can").because(error));
        }
        let now = tokio::time::Instant::now();
        let record = Record {
            name: self.name.parse()?,
            codec: Codec::default(),
            payload: Bytes::new(),
            created_at: clock::now(),
            options: self.options,
        };
        Ok(Context::new(ContextParts {
            id: JobId::generate(),
            trace: run_trace(&record),
            record,
            numbers: self.numbers,
            delivery: Delivery::AtLeastOnce,
            states: Arc::new(self.states),
            deadline: match self.time_left.and_then(|time| now.checked_add(time)) {
                Some(deadline) => deadline.into(),
                None => OnceLock::new(),
            },
            cancellation: self.cancellation,
            parts: RunParts::with_signals(self.signals),
            shared: None,
        }))
    }

    /// The context.
    ///
    /// # Panics
    /// The job's name is invalid.
    #[must_use]
    pub fn build(self) -> Context {
        match self.try_build() {
            Ok(context) => context,
            Err(invalid) => panic!("{invalid}"),
        }
    }
}
