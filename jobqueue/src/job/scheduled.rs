//! Which schedule a job comes from.

use std::{str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{flow::FlowKey, id::JobId, text::text_type};
use crate::value_error::Invalid;

/// The id of a schedule within its queue: 1 to 96 printable ASCII characters without spaces.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScheduleId(Arc<str>);

/// The longest id of a schedule, in bytes: those of its jobs have a time behind it.
const MAX_SCHEDULE_ID: usize = 96;

text_type!(ScheduleId);

impl FromStr for ScheduleId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        if id.is_empty() || id.len() > MAX_SCHEDULE_ID || !id.bytes().all(|b| b.is_ascii_graphic())
        {
            let advice = "use 1 to 96 printable ASCII characters without spaces";
            return Err(Invalid::new("schedule id", id, advice));
        }
        Ok(Self(Arc::from(id)))
    }
}

/// Before the key of a flow whose deadline stands among the ticks. No schedule's id has a space.
const FLOW: &str = "flow ";

impl ScheduleId {
    /// The flow whose deadline it stands for, if it isn't a schedule's.
    pub(crate) fn flow(&self) -> Option<FlowKey> {
        self.as_str().strip_prefix(FLOW)?.parse().ok()
    }

    /// The id of the job of a tick: the same whoever adds it.
    pub(crate) fn job_at(&self, tick: i64) -> JobId {
        JobId::from_store(&format!("{self}:{tick}"))
    }

    /// The tick that a job was added at; none if that was out of turn.
    pub(crate) fn tick_of(&self, job: &JobId) -> Option<i64> {
        job.as_str().strip_prefix(self.as_str())?.strip_prefix(':')?.parse().ok()
    }

    /// The id of a job that is added out of turn.
    pub(crate) fn job_now(&self) -> JobId {
        JobId::from_store(&format!("{self}:{}", JobId::generate()))
    }
}

/// The schedule that a job comes from, and its tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scheduled {
    /// The schedule.
    pub id: ScheduleId,
    /// The moment for which the job was made, which may be before it was added; `None` if it was
    /// [run by hand](crate::schedule::Schedules::run_now).
    pub tick: Option<DateTime<Utc>>,
}

impl Scheduled {
    pub(crate) fn new(id: ScheduleId, tick: Option<DateTime<Utc>>) -> Self {
        Self { id, tick }
    }
}
