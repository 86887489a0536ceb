//! Run many ended jobs again.

use redis::Value;

use crate::{
    job::{JobId, JobState},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/retry_many.lua`
pub(crate) struct RetryMany<'a> {
    /// Up to 1,000, each once.
    pub(crate) ids: &'a [JobId],
    /// Whether to forget what was recorded for them.
    pub(crate) anew: bool,
    /// Those in these states alone.
    pub(crate) from: &'a [JobState],
}

/// What became of a job that was to run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rerun {
    Again,
    /// This job has its unique key.
    KeyHeld(JobId),
    /// Its dead letter waits elsewhere.
    DeadLettered,
    /// It has not ended, or is in a state that isn't meant.
    Stays(JobState),
    Unknown,
}

impl Command for RetryMany<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / retry_many,
        [
            clock,
            layout,
            rank,
            order,
            events,
            wake,
            pools,
            deadline,
            tries,
            unique,
            children,
            key,
            lanes,
            group_of,
            groups,
            rerun,
            whereabouts,
            meant,
            numbered,
            call
        ],
        once
    );
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Outcomes,
        Key::Uniques,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "retry jobs";
    /// For each id, in their order.
    type Reply = Vec<Rerun>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(u8::from(self.anew)).push(JobState::names(self.from));
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn size(&self) -> (usize, usize) {
        (self.ids.len() + 2, self.ids.len() * 26 + 64)
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let words = reply::words(&reply, self.ids.len(), Self::ACTION)?;
        let read = |word: &&str| match *word {
            "again" => Ok(Rerun::Again),
            "!" => Ok(Rerun::DeadLettered),
            "-" => Ok(Rerun::Unknown),
            word => match word.strip_prefix('=') {
                Some(holder) => Ok(Rerun::KeyHeld(JobId::from_store(holder))),
                None => reply::state(word, Self::ACTION).map(Rerun::Stays),
            },
        };
        words.iter().map(read).collect()
    }
}
