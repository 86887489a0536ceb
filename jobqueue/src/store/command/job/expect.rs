//! Take a signal, or note until when a run waits for it.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use super::record::{LONGEST, number};
use crate::{
    job::{FlowKey, JobId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/job/expect.lua`
pub(crate) struct ExpectSignal<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) id: &'a JobId,
    pub(crate) field: &'a str,
    pub(crate) place: u32,
    pub(crate) name: &'a str,
    pub(crate) until: Until,
    /// Whether it waits no longer.
    pub(crate) is_over: bool,
    /// The flow of the job's queue whose end it is.
    pub(crate) flow: Option<&'a FlowKey>,
}

/// Until when a run waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    In(Duration),
    /// In ms since the epoch.
    At(u64),
}

/// What has come of a wait.
#[derive(Debug)]
pub(crate) enum Expected {
    /// It is taken.
    Signal(Bytes),
    /// Nothing yet. The end of the wait, in ms since the epoch.
    Waits(u64),
    Over,
    /// The job has no room for more.
    Full,
    /// There is no such flow.
    NoFlow,
}

impl Command for ExpectSignal<'_> {
    const SCRIPT: &'static Script =
        script!("job" / expect, [clock, layout, steps, signals, numbered, call], once);
    const KEYS: &'static [Key] = &[Key::Running, Key::Listed, Key::Meta];
    const ACTION: &'static str = "wait for a signal";
    type Reply = Expected;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.field).push(self.place);
        args.push(self.name);
        match self.until {
            Until::In(time) => args.push(format!("+{}", millis(time).min(LONGEST))),
            Until::At(ms) => args.push(ms),
        };
        args.push(u8::from(self.is_over)).push(self.flow.map_or("", FlowKey::as_str));
    }

    fn read(&self, reply: Value) -> Result<Expected, Corrupt> {
        let bytes = reply::bytes(reply, Self::ACTION)?;
        if &bytes[..] == b"full" {
            return Ok(Expected::Full);
        }
        if &bytes[..] == b"noflow" {
            return Ok(Expected::NoFlow);
        }
        let odd = || Corrupt::new(Self::ACTION, "an answer of another form");
        let blank = bytes.iter().position(|byte| *byte == b' ').ok_or_else(odd)?;
        match bytes.get(blank + 1) {
            Some(b't') => Ok(Expected::Signal(bytes.slice((blank + 3).min(bytes.len())..))),
            Some(b'w') => {
                let until = std::str::from_utf8(&bytes[blank + 2..]).map_err(|_| odd())?;
                number(until).map(Expected::Waits)
            }
            Some(b'o') => Ok(Expected::Over),
            _ => Err(odd()),
        }
    }

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}
