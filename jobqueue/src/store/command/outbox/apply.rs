//! Put what another queue's outbox says into this one.

use redis::Value;

use super::Parcel;
use crate::{
    flaw::Corrupt,
    job::QueueName,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
};

/// `lua/outbox/apply.lua`
pub(crate) struct Apply<'a> {
    pub(crate) source: &'a QueueName,
    /// In the order of the outbox, from its head on.
    pub(crate) parcels: &'a [&'a Parcel],
}

impl Command for Apply<'_> {
    const SCRIPT: &'static Script =
        script!("outbox" / apply, [clock, layout, rank, events, wake, unique, columns, source]);
    const KEYS: &'static [Column] = &[
        Column::Jobs,
        Column::Waiting,
        Column::Completed,
        Column::Failed,
        Column::Priority,
        Column::Attempts,
        Column::Stalls,
        Column::Misses,
        Column::Progress,
        Column::Traces,
        Column::Uniques,
        Column::Outcomes,
        Column::Sources,
        Column::Meta,
        Column::Events,
        Column::Wake,
    ];
    const DOING: &'static str = "take effects of another queue";
    type Reply = u64;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.source.as_str());
        for parcel in self.parcels {
            args.push(parcel.entry.as_str()).push(parcel.id.as_str());
            args.push(parcel.priority).push(&parcel.record[..]);
        }
    }

    fn read(&self, reply: Value) -> Result<u64, Corrupt> {
        reply::count(&reply, Self::DOING)
    }
}
