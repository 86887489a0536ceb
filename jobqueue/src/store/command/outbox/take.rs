//! Take the next entries to relay.

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

/// `lua/outbox/take.lua`
pub(crate) struct Take<'a> {
    /// The relay.
    pub(crate) name: &'a WorkerId,
    /// How long no other relay may take them.
    pub(crate) alone: Duration,
    /// The most entries; 0 releases the outbox.
    pub(crate) most: usize,
    /// Take entries after this one; from the head if there is none.
    pub(crate) after: Option<&'a str>,
    /// Entries that were delivered.
    pub(crate) delivered: &'a [String],
}

/// The answer to a take.
#[derive(Debug)]
pub(crate) enum TakenEntries {
    /// Another relay has the outbox, for this long.
    Busy(Duration),
    /// The next entries; empty if there are none.
    Entries(Vec<OutboxEntry>),
}

/// One effect to relay.
#[derive(Clone, Debug)]
pub(crate) struct OutboxEntry {
    /// The entry in the outbox.
    pub(crate) entry: String,
    /// Its targets, not parsed yet: see `outbox::target`.
    pub(crate) to: String,
    pub(crate) id: JobId,
    pub(crate) priority: i64,
    pub(crate) record: bytes::Bytes,
}

impl Command for Take<'_> {
    const SCRIPT: &'static Script = script!("outbox" / take, [layout, entries]);
    const KEYS: &'static [Key] = &[Key::Outbox, Key::Relay, Key::Meta];
    const ACTION: &'static str = "relay effects on other queues";
    type Reply = TakenEntries;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.name.as_str()).push(millis(self.alone)).push(self.most);
        match self.after {
            Some(entry) => args.push(format!("({entry}")),
            None => args.push("-"),
        };
        args.push(self.delivered);
    }

    fn read(&self, reply: Value) -> Result<TakenEntries, Corrupt> {
        const WHAT: &str = Take::ACTION;
        let [busy, entries] = reply::tuple(reply, WHAT)?;
        let busy = reply::count(&busy, WHAT)?;
        if busy > 0 {
            return Ok(TakenEntries::Busy(Duration::from_millis(busy)));
        }
        let read = |outbox_entry| {
            let [entry, to, id, priority, record] = reply::tuple(outbox_entry, WHAT)?;
            Ok(OutboxEntry {
                entry: reply::text(&entry, WHAT)?.to_owned(),
                to: reply::text(&to, WHAT)?.to_owned(),
                id: JobId::from_store(reply::text(&id, WHAT)?),
                priority: reply::int(&priority, WHAT)?,
                record: reply::bytes(record, WHAT)?,
            })
        };
        let entries = reply::array(entries, WHAT)?.into_iter().map(read);
        Ok(TakenEntries::Entries(entries.collect::<Result<_, Corrupt>>()?))
    }
}
