//! All that is known of schedules.

use redis::Value;

use super::entry::{Fired, Marks, ScheduleEntry, moment};
use crate::{
    job::ScheduleId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/schedule/read.lua`
pub(crate) struct Read<'a> {
    /// At least one, and at most as many as one call carries.
    pub(crate) ids: &'a [ScheduleId],
}

/// The answer.
#[derive(Debug)]
pub(crate) struct ReadSchedules {
    /// The server's clock, in ms since the epoch.
    pub(crate) now: i64,
    /// Those of the first ids, as many as fitted into the answer.
    pub(crate) entries: Vec<Option<ScheduleEntry>>,
}

impl Command for Read<'_> {
    const SCRIPT: &'static Script = script!("schedule" / read, [clock]);
    const KEYS: &'static [Key] = &[Key::Schedules, Key::Ticks, Key::Fired, Key::Marks, Key::Owners];
    const ACTION: &'static str = "read schedules";
    type Reply = ReadSchedules;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<ReadSchedules, Corrupt> {
        let mut items = reply::array(reply, Self::ACTION)?.into_iter();
        let now = items.next().ok_or_else(|| Corrupt::new(Self::ACTION, "no time"))?;
        let now = reply::int(&now, Self::ACTION)?;
        let mut entries = Vec::with_capacity(self.ids.len());
        while let (Some(rule), Some(tick), Some(fired), Some(marks), Some(owner)) =
            (items.next(), items.next(), items.next(), items.next(), items.next())
        {
            let rule = reply::optional_bytes(rule, Self::ACTION)?;
            let owner = reply::optional(&owner).map(|owner| reply::text(owner, Self::ACTION));
            let owner = owner.transpose()?.map(str::to_owned);
            let tick = moment(&tick, Self::ACTION)?;
            let fired = Fired::read(&fired, Self::ACTION)?;
            let marks = Marks::read(&marks, Self::ACTION)?;
            entries.push(rule.map(|rule| ScheduleEntry { rule, tick, fired, marks, owner }));
        }
        Ok(ReadSchedules { now, entries })
    }
}
