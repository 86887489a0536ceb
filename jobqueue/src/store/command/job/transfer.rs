//! Remove jobs, and send others to other queues in their place.

use crate::store::command::outbox::write_effect;
use redis::Value;

use crate::{
    job::{Effect, Gone, JobId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/transfer.lua`
pub(crate) struct Transfer<'a> {
    /// The jobs to remove, and the job to send for each.
    pub(crate) jobs: &'a [(JobId, Effect)],
    /// What callers of requests among them hear; none if these are answered from elsewhere.
    pub(crate) why: Option<Gone>,
}

/// What became of a job that was to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transferred {
    Sent,
    /// Its dead letter waits elsewhere.
    DeadLettered,
    Active,
    Unknown,
}

impl Command for Transfer<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / transfer,
        [
            layout, rank, order, events, wake, clock, deadline, tries, unique, lanes, pools, rerun,
            tags, columns, key, state, outbox, callers, removal, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Jobs,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Progress,
        Key::Listed,
        Key::Uniques,
        Key::Outcomes,
        Key::Meta,
        Key::Events,
    ];
    const ACTION: &'static str = "move jobs to other queues";
    /// For each job, in their order.
    type Reply = Vec<Transferred>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.why.map_or("", Gone::as_str));
        for (id, effect) in self.jobs {
            args.push(id.as_str());
            write_effect(effect, args);
        }
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let words = reply::words(&reply, self.jobs.len(), Self::ACTION)?;
        let read = |word| match word {
            "sent" => Ok(Transferred::Sent),
            "!" => Ok(Transferred::DeadLettered),
            "active" => Ok(Transferred::Active),
            "-" => Ok(Transferred::Unknown),
            _ => Err(Corrupt::new(Self::ACTION, "a word that says nothing of a job")),
        };
        words.into_iter().map(read).collect()
    }
}
