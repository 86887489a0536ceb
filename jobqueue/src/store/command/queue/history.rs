//! Read a queue's history.

use redis::Value;

use crate::{
    stats::{HistoryOf, Resolution},
    store::{
        command::{Args, Command},
        history::{StoredHistory, field_name},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/history.lua`
pub(crate) struct ReadHistory<'a> {
    pub(crate) resolution: Resolution,
    pub(crate) of: &'a HistoryOf,
    /// In ms since the epoch; how long ago with a minus, 0 for now.
    pub(crate) from: i64,
    /// The same.
    pub(crate) to: i64,
}

const WHAT: &str = ReadHistory::ACTION;

impl Command for ReadHistory<'_> {
    const SCRIPT: &'static Script = script!("queue" / history, [clock, layout, resolutions]);
    const KEYS: &'static [Key] = &[
        Key::Meta,
        Key::History,
        Key::HistoryMinutes,
        Key::HistoryTens,
        Key::HistoryHours,
        Key::Deploys,
    ];
    const ACTION: &'static str = "read a queue's history";
    type Reply = StoredHistory;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(match self.resolution {
            Resolution::Minute => 1,
            Resolution::TenMinutes => 2,
            Resolution::Hour => 3,
        });
        args.push(field_name(self.of)).push(self.from).push(self.to);
    }

    fn read(&self, reply: Value) -> Result<StoredHistory, Corrupt> {
        let [now, open, found, releases] = reply::tuple(reply, WHAT)?;
        let (mut fields, mut chunks) = (Vec::new(), Vec::new());
        let mut open = reply::array(open, WHAT)?.into_iter();
        while let (Some(field), Some(value)) = (open.next(), open.next()) {
            fields.push((reply::text(&field, WHAT)?.to_owned(), reply::bytes(value, WHAT)?));
        }
        for chunk in reply::array(found, WHAT)? {
            let [number, text] = reply::tuple(chunk, WHAT)?;
            chunks.push((reply::count(&number, WHAT)?, reply::bytes(text, WHAT)?));
        }
        let releases = reply::array(releases, WHAT)?.into_iter();
        let deploys = releases.map(|it| Ok(reply::text(&it, WHAT)?.to_owned()));
        let now = reply::count(&now, WHAT)?;
        Ok(StoredHistory::new(now, fields, chunks, deploys.collect::<Result<_, _>>()?))
    }
}
