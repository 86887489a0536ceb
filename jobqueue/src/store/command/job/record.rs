//! Note what a part of a run has come to.

use std::time::Duration;

use redis::Value;

use crate::{
    job::{JobId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/job/record.lua`
pub(crate) struct RecordStep<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) id: &'a JobId,
    pub(crate) field: &'a str,
    pub(crate) place: u32,
    /// What it has come to.
    pub(crate) value: &'a [u8],
    /// When something will be, from now on: it is appended to the value.
    pub(crate) due_in: Option<Duration>,
    /// A field that goes.
    pub(crate) drop: &'a str,
}

impl Command for RecordStep<'_> {
    const SCRIPT: &'static Script =
        script!("job" / record, [clock, layout, steps, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Running, Key::Listed, Key::Meta];
    const ACTION: &'static str = "record a step";
    /// When that will be, in ms since the epoch; none if the job has no room for more.
    type Reply = Option<u64>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.field).push(self.place);
        args.push(self.value);
        match self.due_in {
            Some(due_in) => args.push(millis(due_in).min(LONGEST)),
            None => args.push(""),
        };
        args.push(self.drop);
    }

    fn size(&self) -> (usize, usize) {
        (12, 192 + self.field.len() + self.value.len())
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let text = reply::text(&reply, Self::ACTION)?;
        if text == "full" {
            return Ok(None);
        }
        let due = text.split_once(' ').map_or("0", |(_, due)| due);
        number(due).map(Some)
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}

/// The longest wait, in ms: a thousand years.
pub(super) const LONGEST: u64 = 1_000 * 365 * 86_400_000;

pub(super) fn number(text: &str) -> Result<u64, Corrupt> {
    text.parse().map_err(|_| Corrupt::new("a time of a step", text))
}
