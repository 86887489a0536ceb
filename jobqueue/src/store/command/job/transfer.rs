//! Remove jobs, and send others to other queues in their place.

use crate::store::command::outbox::write_effect;
use redis::Value;

use crate::{
    job::{Effect, Gone, JobId, JobState},
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
    pub(crate) jobs: &'a [Departure],
    /// What callers of requests among them hear; none if these are answered from elsewhere.
    pub(crate) why: Option<Gone>,
}

/// A job that is to leave.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    pub(crate) id: JobId,
    /// If it is in one of these states.
    pub(crate) from: Vec<JobState>,
    /// And if its record is still the one of this [digest](crate::job::Record::digest).
    pub(crate) digest: String,
    /// The job to send in its place.
    pub(crate) effect: Effect,
}

/// What became of a job that was to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transferred {
    Sent,
    /// Its dead letter waits elsewhere.
    DeadLettered,
    /// It is active, or in a state that isn't meant.
    Stays(JobState),
    /// It has another record by now.
    Changed,
    Unknown,
}

impl Command for Transfer<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / transfer,
        [
            layout, rank, order, events, wake, clock, deadline, tries, unique, lanes, pools,
            children, key, group_of, groups, rerun, tags, columns, state, outbox, callers, removal,
            meant, numbered, call
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
        for Departure { id, from, digest, effect } in self.jobs {
            args.push(id.as_str()).push(JobState::names(from)).push(digest.as_str());
            write_effect(effect, args);
        }
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let words = reply::words(&reply, self.jobs.len(), Self::ACTION)?;
        let read = |word| match word {
            "sent" => Ok(Transferred::Sent),
            "!" => Ok(Transferred::DeadLettered),
            "other" => Ok(Transferred::Changed),
            "-" => Ok(Transferred::Unknown),
            state => reply::state(state, Self::ACTION).map(Transferred::Stays),
        };
        words.into_iter().map(read).collect()
    }
}
