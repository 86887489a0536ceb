//! Add the jobs of another queue's outbox to this queue.

use std::{borrow::Cow, collections::HashSet};

use bytes::Bytes;
use redis::Value;

use crate::{
    job::{Arrival, QueueName, Record},
    store::{
        command::{Args, Command},
        ids,
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/outbox/apply.lua`
pub(crate) struct Apply<'a> {
    pub(crate) source: &'a QueueName,
    /// In the order of the outbox, from its head on. All copies of an entry go in one call.
    pub(crate) copies: &'a [TargetCopy<'a>],
}

/// A job that an entry of an outbox puts into one queue.
#[derive(Clone, Debug)]
pub(crate) struct TargetCopy<'a> {
    /// The entry.
    pub(crate) entry: &'a str,
    pub(crate) id: Cow<'a, str>,
    pub(crate) priority: i64,
    pub(crate) record: Cow<'a, [u8]>,
    /// How it takes its place, for a job that comes back: see [`Readmit`](super::Readmit).
    pub(crate) arrival: Option<Arrival>,
    /// It puts nothing in: jobs of flows are to be cancelled. See `lua/lib/nodes.lua`.
    pub(crate) cancel: Option<Bytes>,
}

impl Command for Apply<'_> {
    const SCRIPT: &'static Script = script!(
        "outbox" / apply,
        [
            clock, layout, rank, events, wake, deadline, tries, unique, lanes, pools, tags,
            children, columns, source, size, key, group_of, keys_of, groups
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Completed,
        Key::Failed,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Progress,
        Key::Listed,
        Key::Uniques,
        Key::Outcomes,
        Key::Sources,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "apply effects of another queue";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.source.as_str());
        let mut seen = HashSet::with_capacity(self.copies.len());
        let plain = self.copies.iter().all(|copy| copy.priority == 0 && seen.insert(&*copy.id));
        args.push(if plain {
            ids::write(self.copies.iter().map(|copy| &*copy.id))
        } else {
            String::new()
        });
        args.push(self.copies.len());
        for copy in self.copies {
            args.push(&*copy.id).push(&*copy.record);
        }
        for copy in self.copies {
            args.push(copy.entry).push(copy.priority);
        }
        for (index, copy) in self.copies.iter().enumerate() {
            if let Some(tags) = Record::tag_lines_of(&copy.record) {
                args.push(index + 1).push(tags);
            }
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::ACTION)
    }
}
