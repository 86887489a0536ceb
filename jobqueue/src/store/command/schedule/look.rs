//! Which schedules are due.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use super::entry::{Fired, moment};
use crate::{
    job::{ScheduleId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/schedule/look.lua`
pub(crate) struct Look<'a> {
    /// Who looks.
    pub(crate) name: &'a WorkerId,
    /// How many that are due to pass over.
    pub(crate) offset: usize,
    /// How many to answer at most.
    pub(crate) count: usize,
}

/// The answer.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The server's clock, in ms since the epoch.
    pub(crate) now: i64,
    /// For how long another worker looks after the ticks, if one does.
    pub(crate) held: Option<Duration>,
    /// The first tick after now.
    pub(crate) later: Option<i64>,
    pub(crate) due: Vec<DueSchedule>,
}

/// A schedule that is due.
#[derive(Clone, Debug)]
pub(crate) struct DueSchedule {
    pub(crate) id: ScheduleId,
    pub(crate) tick: i64,
    /// None if it was deleted from Redis by hand.
    pub(crate) rule: Option<Bytes>,
    pub(crate) fired: Fired,
}

impl Command for Look<'_> {
    const SCRIPT: &'static Script = script!("schedule" / look, [clock, layout, ticks]);
    const KEYS: &'static [Key] = &[Key::Schedules, Key::Ticks, Key::Fired, Key::Ticking, Key::Meta];
    const ACTION: &'static str = "look for schedules that are due";
    const LISTS: &'static [Listed] = &[Listed::Schedules];
    type Reply = Looked;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.name.as_str()).push(self.offset).push(self.count);
    }

    fn read(&self, reply: Value) -> Result<Looked, Corrupt> {
        let mut items = reply::array(reply, Self::ACTION)?;
        let rest = items.split_off(items.len().min(3));
        let [now, held, later] = reply::tuple(Value::Array(items), Self::ACTION)?;
        let held = reply::optional(&held).map(|held| reply::int(held, Self::ACTION)).transpose()?;
        let mut due = Vec::with_capacity(rest.len() / 4);
        let mut rest = rest.into_iter();
        while let (Some(id), Some(tick), Some(rule), Some(fired)) =
            (rest.next(), rest.next(), rest.next(), rest.next())
        {
            due.push(DueSchedule {
                id: ScheduleId::from_store(reply::text(&id, Self::ACTION)?),
                tick: reply::int(&tick, Self::ACTION)?,
                rule: reply::optional_bytes(rule, Self::ACTION)?,
                fired: Fired::read(&fired, Self::ACTION)?,
            });
        }
        Ok(Looked {
            now: reply::int(&now, Self::ACTION)?,
            held: held.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
            later: moment(&later, Self::ACTION)?,
            due,
        })
    }
}
