//! Tell flows how their nodes have ended.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/note.lua`
pub(crate) struct Note<'a> {
    /// The nodes' jobs and their outcomes.
    pub(crate) ends: &'a [(&'a JobId, &'a [u8])],
}

impl Command for Note<'_> {
    const SCRIPT: &'static Script = script!(
        "flow" / note,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            ticks, outbox, home, flow, graph, nodes, revival, flowing
        ]
    );
    const KEYS: &'static [Key] = &[Key::Outbox, Key::Meta];
    const ACTION: &'static str = "tell flows how their nodes have ended";
    const LISTS: &'static [Listed] = &[Listed::Flows];
    /// How many entries its home's outbox has.
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        for (id, outcome) in self.ends {
            args.push(id.as_str()).push(*outcome);
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}
