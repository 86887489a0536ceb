//! The schedule of a handler, as its declaration has it.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::codec::Codec;
use crate::{
    policy::schedule::{CatchUp, DeclaredTiming, Overlap, Timing},
    value_error::{Invalid, PayloadError},
};

/// A schedule that a handler declares: see [`Definition::schedule`](super::Definition::schedule).
///
/// Its id is the handler's name, and its jobs carry the payload's default.
#[derive(Clone, Copy)]
pub struct DeclaredSchedule {
    timing: DeclaredTiming,
    pub(crate) offset: Duration,
    pub(crate) jitter: Duration,
    pub(crate) catch_up: CatchUp,
    pub(crate) overlap: Option<Overlap>,
    payload: fn(Codec) -> Result<Vec<u8>, PayloadError>,
}

/// What jobs of a declared schedule can carry: a payload that has a default, such as `()`.
#[diagnostic::on_unimplemented(
    message = "jobs of this schedule carry the default of their payload, and `{Self}` has none",
    label = "this payload has no default",
    note = "implement `Default` for it, take `()`, or make the schedule at run time with \
            `client.schedule(…)`, which takes a payload"
)]
pub trait ScheduledPayload: Serialize {
    /// The payload.
    fn scheduled() -> Self;
}

impl<T: Default + Serialize> ScheduledPayload for T {
    fn scheduled() -> Self {
        T::default()
    }
}

fn payload_of<T: ScheduledPayload>(codec: Codec) -> Result<Vec<u8>, PayloadError> {
    codec.encode(&T::scheduled())
}

impl DeclaredSchedule {
    const fn new<T: ScheduledPayload>(timing: DeclaredTiming) -> Self {
        Self {
            timing,
            offset: Duration::ZERO,
            jitter: Duration::ZERO,
            catch_up: CatchUp::Once,
            overlap: None,
            payload: payload_of::<T>,
        }
    }

    /// Every so often, for jobs with payloads of this type; see
    /// [`Every`](crate::schedule::Every).
    #[must_use]
    pub const fn every<T: ScheduledPayload>(period: Duration) -> Self {
        Self::new::<T>(DeclaredTiming::Every(period))
    }

    /// By a cron pattern in a time zone (`"Europe/Berlin"`; `""` is UTC), for jobs with payloads of
    /// this type. It needs the feature `schedules`, and is checked when a worker is built.
    #[must_use]
    pub const fn cron<T: ScheduledPayload>(pattern: &'static str, zone: &'static str) -> Self {
        Self::new::<T>(DeclaredTiming::Cron(pattern, zone))
    }

    /// How much later than the timing says each tick is due; not at all by default.
    #[must_use]
    pub const fn offset(mut self, offset: Duration) -> Self {
        self.offset = offset;
        self
    }

    /// By how much at most each job is delayed at random after its tick; not at all by default.
    #[must_use]
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// What becomes of ticks that nobody was there for; by default one job makes up for all.
    #[must_use]
    pub const fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = catch_up;
        self
    }

    /// What a tick does if the job of the last one isn't over; by default it is left out.
    #[must_use]
    pub const fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = Some(overlap);
        self
    }

    pub(crate) fn timing(&self) -> Result<Timing, Invalid> {
        self.timing.timing()
    }

    pub(crate) fn payload(&self, codec: Codec) -> Result<Vec<u8>, PayloadError> {
        (self.payload)(codec)
    }
}

impl fmt::Debug for DeclaredSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredSchedule").field("timing", &self.timing).finish_non_exhaustive()
    }
}
