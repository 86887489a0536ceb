//! Some flows of a home.

use redis::Value;

use super::read::FlowRecord;
use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/page.lua`
pub(crate) struct Page {
    /// Where the last page ended; 0 for the first.
    pub(crate) cursor: u64,
}

impl Command for Page {
    const SCRIPT: &'static Script = script!("flow" / page, [ticks, home]);
    const KEYS: &'static [Key] = &[Key::Flows];
    const ACTION: &'static str = "list flows";
    /// The next cursor, 0 after the last page, and flows, of which one may come twice.
    type Reply = (u64, Vec<FlowRecord>);

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.cursor);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let mut parts = reply::array(reply, Self::ACTION)?.into_iter();
        let corrupt = || Corrupt::new(Self::ACTION, "no cursor");
        // A cursor has all 64 bits.
        let cursor = parts.next().ok_or_else(corrupt)?;
        let cursor = reply::text(&cursor, Self::ACTION)?.parse().map_err(|_| corrupt())?;
        let mut flows = Vec::new();
        while let (Some(key), Some(fields)) = (parts.next(), parts.next()) {
            flows.push(FlowRecord::read(reply::text(&key, Self::ACTION)?, fields)?);
        }
        Ok((cursor, flows))
    }
}
