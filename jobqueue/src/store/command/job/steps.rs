//! Read what the runs of a job have recorded.

use bytes::Bytes;
use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/steps.lua`
pub(crate) struct Steps<'a> {
    pub(crate) id: &'a JobId,
    /// The last field of the portion before.
    pub(crate) behind: &'a str,
}

/// Some fields, in the order of their names.
#[derive(Debug)]
pub(crate) struct StepsPortion {
    /// The server's clock, in ms since the epoch.
    pub(crate) now: u64,
    pub(crate) fields: Vec<(String, Bytes)>,
    pub(crate) more: bool,
}

impl Command for Steps<'_> {
    const SCRIPT: &'static Script = script!("job" / steps, [clock, read]);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "read a job's steps";
    type Reply = StepsPortion;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.id.as_str()).push(self.behind);
    }

    fn read(&self, reply: Value) -> Result<StepsPortion, Corrupt> {
        const WHAT: &str = Steps::ACTION;
        let [now, names, values, more] = reply::tuple(reply, WHAT)?;
        let (names, values) = (reply::array(names, WHAT)?, reply::array(values, WHAT)?);
        let pairs = names.iter().zip(values);
        let fields = pairs.map(|(name, value)| {
            Ok((reply::text(name, WHAT)?.to_owned(), reply::bytes(value, WHAT)?))
        });
        Ok(StepsPortion {
            now: reply::count(&now, WHAT)?,
            fields: fields.collect::<Result<_, Corrupt>>()?,
            more: reply::count(&more, WHAT)? > 0,
        })
    }

    fn job(&self) -> Option<&JobId> {
        Some(self.id)
    }
}
