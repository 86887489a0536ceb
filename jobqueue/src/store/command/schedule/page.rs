//! The ids of some schedules.

use redis::Value;

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

/// `lua/schedule/page.lua`
pub(crate) struct Page {
    /// Where the last page ended; 0 for the first.
    pub(crate) cursor: u64,
}

impl Command for Page {
    const SCRIPT: &'static Script = script!("schedule" / page, []);
    const KEYS: &'static [Key] = &[Key::Schedules];
    const ACTION: &'static str = "list schedules";
    /// The next cursor, 0 after the last page, and ids, of which one may come twice.
    type Reply = (u64, Vec<ScheduleId>);

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.cursor);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let [cursor, ids] = reply::tuple(reply, Self::ACTION)?;
        // A cursor has all 64 bits.
        let cursor = reply::text(&cursor, Self::ACTION)?.parse();
        let cursor = cursor.map_err(|_| Corrupt::new(Self::ACTION, "no cursor"))?;
        let ids = reply::array(ids, Self::ACTION)?;
        let ids = ids.iter().map(|id| reply::text(id, Self::ACTION).map(ScheduleId::from_store));
        Ok((cursor, ids.collect::<Result<_, _>>()?))
    }
}
