//! End jobs as cancelled, or mark those that run.

use redis::Value;

use crate::{
    job::{JobId, JobState, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/cancel.lua`
pub(crate) struct Cancel<'a> {
    /// Up to 1,000, each once.
    pub(crate) ids: &'a [JobId],
    /// A `CancelMark`, encoded.
    pub(crate) mark: &'a [u8],
    /// Those in these states alone; in whichever they are, if there are none.
    pub(crate) from: &'a [JobState],
}

/// Where a job was that is to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It waited, and has ended.
    Ended,
    /// This worker runs it.
    Runs(WorkerId),
    /// It had ended before, or is in a state that isn't meant.
    Over(JobState),
    /// There is no such job.
    Unknown,
}

impl Command for Cancel<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / cancel,
        [
            clock,
            layout,
            events,
            wake,
            deadline,
            tries,
            unique,
            lanes,
            pools,
            tags,
            children,
            columns,
            key,
            group_of,
            groups,
            retention,
            outbox,
            callers,
            cancels,
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
        Key::Meta,
        Key::Events,
    ];
    const ACTION: &'static str = "cancel jobs";
    type Reply = Vec<Whereabouts>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.mark).push(JobState::names(self.from));
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn size(&self) -> (usize, usize) {
        (self.ids.len() + 2, self.ids.len() * 26 + self.mark.len() + 64)
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let places = reply::words(&reply, self.ids.len(), Self::ACTION)?;
        let place = |place: &&str| match *place {
            "-" => Ok(Whereabouts::Unknown),
            "ended" => Ok(Whereabouts::Ended),
            place => match place.strip_prefix('=') {
                Some(worker) => Ok(Whereabouts::Runs(WorkerId::from_store(worker))),
                None => reply::state(place, Self::ACTION).map(Whereabouts::Over),
            },
        };
        places.iter().map(place).collect()
    }

    fn job(&self) -> Option<&JobId> {
        if let [id] = self.ids { Some(id) } else { None }
    }
}
