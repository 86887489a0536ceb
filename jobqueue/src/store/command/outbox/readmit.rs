//! Put jobs back into their queue.

use redis::Value;

use super::TargetCopy;
use crate::{
    job::{Arrival, FailureReason, JobFailure, KeyClaim, Outcome, QueueName},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/outbox/readmit.lua`
pub(crate) struct Readmit<'a> {
    pub(crate) source: &'a QueueName,
    /// In the order of the outbox.
    pub(crate) copies: &'a [TargetCopy<'a>],
}

/// What became of jobs that came back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readmitted {
    /// Those that arrived as failed, since another job has their id or their unique key.
    pub(crate) failed: u64,
}

impl Command for Readmit<'_> {
    const SCRIPT: &'static Script = script!(
        "outbox" / readmit,
        [
            clock, layout, rank, order, events, wake, deadline, tries, unique, lanes, pools, tags,
            children, columns, source, key, unfinished, meet, size, group_of, keys_of, groups,
            readmit
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Delayed,
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
    const ACTION: &'static str = "put jobs back into their queue";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    type Reply = Readmitted;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        let taken = JobFailure {
            reason: FailureReason::Taken,
            message: "another job had its id or its unique key when it came back".to_owned(),
            causes: Vec::new(),
            attempt: 1,
        };
        args.push(keys.base()).push(self.source.as_str()).push(Outcome::Failed(taken).encode());
        for copy in self.copies {
            args.push(copy.entry).push(&*copy.id).push(&*copy.record).push(copy.priority);
            let none = Arrival::default();
            let Arrival { due_ms, ttl, unique, tags, steps } =
                copy.arrival.as_ref().unwrap_or(&none);
            args.push(due_ms.map_or(String::new(), |due| due.to_string()));
            args.push(ttl.map_or(String::new(), |ttl| millis(ttl).max(1).to_string()));
            let (rule, key) =
                unique.as_ref().map_or(("0", ""), |KeyClaim { key, rule }| (rule, key));
            args.push(rule).push(key).push(tags.as_deref().unwrap_or_default());
            args.push(steps.as_deref().unwrap_or_default());
        }
    }

    fn read(&self, reply: Value) -> Result<Readmitted, Corrupt> {
        let [_, failed] = reply::tuple(reply, Self::ACTION)?;
        Ok(Readmitted { failed: reply::count(&failed, Self::ACTION)? })
    }
}
