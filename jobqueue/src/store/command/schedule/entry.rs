//! What Redis knows of a schedule.

use bytes::Bytes;
use redis::Value;

use crate::{job::JobId, store::reply, value_error::Corrupt};

/// All that Redis knows of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct ScheduleEntry {
    pub(crate) rule: Bytes,
    /// The next tick, in ms since the epoch; none if it is paused or over.
    pub(crate) tick: Option<i64>,
    pub(crate) fired: Fired,
    pub(crate) marks: Marks,
    pub(crate) owner: Option<String>,
}

/// What a schedule has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    /// How many jobs it has added.
    pub(crate) count: u64,
    /// How many ticks added none.
    pub(crate) left_out: u64,
    /// The last job.
    pub(crate) job: Option<JobId>,
}

/// What an operator has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) paused: bool,
    /// Its timing is the operator's.
    pub(crate) moved: bool,
}

impl Marks {
    pub(super) fn to_arg(self) -> &'static str {
        match (self.paused, self.moved) {
            (false, false) => "",
            (true, false) => "paused",
            (false, true) => "moved",
            (true, true) => "paused moved",
        }
    }

    pub(super) fn read(value: &Value, what: &'static str) -> Result<Self, Corrupt> {
        let text = reply::optional(value).map_or(Ok(""), |value| reply::text(value, what))?;
        let has = |word| text.split(' ').any(|each| each == word);
        Ok(Self { paused: has("paused"), moved: has("moved") })
    }
}

impl Fired {
    pub(super) fn read(value: &Value, what: &'static str) -> Result<Self, Corrupt> {
        let Some(value) = reply::optional(value) else { return Ok(Self::default()) };
        let mut words = reply::text(value, what)?.splitn(3, ',');
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let (Some(count), Some(left_out)) = (number(), number()) else {
            return Err(Corrupt::new(what, "no counts"));
        };
        let job = words.next().filter(|word| *word != "-").map(JobId::from_store);
        Ok(Self { count, left_out, job })
    }
}

/// A score in ms; none if there is none.
pub(super) fn moment(value: &Value, what: &'static str) -> Result<Option<i64>, Corrupt> {
    reply::optional(value).map(|value| reply::int(value, what)).transpose()
}
