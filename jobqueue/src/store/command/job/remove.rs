//! Take jobs out of the queue.

use redis::Value;

use crate::{
    job::{Gone, JobId, JobState},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/remove.lua`
pub(crate) struct Remove<'a> {
    pub(crate) ids: &'a [JobId],
    pub(crate) why: Gone,
    /// Those in these states alone; all but active ones, if there are none.
    pub(crate) from: &'a [JobState],
}

/// What became of a job that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    Removed,
    /// It is active, or in a state that isn't meant.
    Stays(JobState),
    Unknown,
}

impl Command for Remove<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / remove,
        [
            layout, events, wake, clock, deadline, tries, unique, lanes, pools, tags, children,
            columns, key, group_of, groups, state, outbox, callers, removal, meant, numbered, call
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
    const ACTION: &'static str = "remove jobs";
    /// For each id, in their order.
    type Reply = Vec<Removal>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.why.as_str()).push(JobState::names(self.from));
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let words = reply::words(&reply, self.ids.len(), Self::ACTION)?;
        let read = |word| match word {
            "removed" => Ok(Removal::Removed),
            "-" => Ok(Removal::Unknown),
            state => reply::state(state, Self::ACTION).map(Removal::Stays),
        };
        words.into_iter().map(read).collect()
    }

    fn job(&self) -> Option<&JobId> {
        self.ids.first()
    }
}
