//! Add the jobs of ticks, and move their schedules on.

use redis::Value;

use crate::{
    job::{CancelMark, CancelReason, JobId, KeyClaim, ScheduleId, WorkerId},
    policy::schedule::Overlap,
    store::{
        command::{Args, Command, job::NewJob},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/schedule/fire.lua`
pub(crate) struct Fire<'a> {
    /// Who looks after the ticks.
    pub(crate) name: &'a WorkerId,
    /// At most as many as one call carries.
    pub(crate) ticks: &'a [Tick],
}

/// What becomes of one tick of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) schedule: ScheduleId,
    /// The tick that it stands at and the next one, in ms since the epoch; none to leave both as
    /// they are.
    pub(crate) moves: Option<(i64, Option<i64>)>,
    /// After how many jobs it is over.
    pub(crate) limit: Option<u64>,
    pub(crate) overlap: Overlap,
    /// The job to add; none if the tick is left out.
    pub(crate) job: Option<NewJob>,
}

impl Tick {
    /// About its bytes in the call.
    pub(crate) fn size(&self) -> usize {
        self.job.as_ref().map_or(0, NewJob::size) + self.schedule.as_str().len() + 64
    }
}

/// What became of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticked {
    /// Its job was added, or was there already.
    Added,
    /// It added none, and the schedule stands at the next one.
    LeftOut,
    /// The schedule still stands there: its last job isn't over.
    Held,
    /// The schedule still stands there: the queue is full.
    Full,
    /// The schedule doesn't stand there any more.
    Past,
}

impl Command for Fire<'_> {
    const SCRIPT: &'static Script = script!(
        "schedule" / fire,
        [
            clock,
            layout,
            numbered,
            rank,
            order,
            events,
            wake,
            size,
            lanes,
            deadline,
            tries,
            unique,
            pools,
            tags,
            children,
            columns,
            key,
            retention,
            outbox,
            callers,
            cancels,
            whereabouts,
            group_of,
            keys_of,
            groups,
            reprioritize,
            due,
            unfinished,
            dedup,
            add,
            ticks,
            displace,
            fire
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Priority,
        Key::Uniques,
        Key::Schedules,
        Key::Ticks,
        Key::Fired,
        Key::Ticking,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "add the jobs of schedules";
    /// What became of each.
    type Reply = Vec<Ticked>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.name.as_str()).push(self.ticks.len());
        self.ticks.iter().for_each(|tick| tick.write(args));
    }

    fn size(&self) -> (usize, usize) {
        (8 + 13 * self.ticks.len(), 160 + self.ticks.iter().map(Tick::size).sum::<usize>())
    }

    fn read(&self, reply: Value) -> Result<Vec<Ticked>, Corrupt> {
        reply::text(&reply, Self::ACTION)?.chars().map(Ticked::read).collect()
    }
}

impl Ticked {
    /// A letter of the scripts' answers.
    pub(super) fn read(letter: char) -> Result<Self, Corrupt> {
        match letter {
            '1' | 'd' => Ok(Self::Added),
            '-' | 's' | 'u' => Ok(Self::LeftOut),
            'l' => Ok(Self::Held),
            'f' => Ok(Self::Full),
            '0' => Ok(Self::Past),
            other => Err(Corrupt::new(Fire::ACTION, format!("an unknown answer {other}"))),
        }
    }
}

impl Tick {
    /// As the scripts read it.
    pub(super) fn write(&self, args: &mut Args<'_>) {
        args.push(self.schedule.as_str());
        let (this, next) = self.moves.unzip();
        args.push(this.map(|this| this.to_string()).unwrap_or_default());
        args.push(next.flatten().map(|next| next.to_string()).unwrap_or_default());
        args.push(self.limit.map(|limit| limit.to_string()).unwrap_or_default());
        match self.overlap {
            Overlap::Allow => args.push("a"),
            Overlap::Skip => args.push("s"),
            Overlap::Queue => args.push("l"),
            Overlap::Cancel => args.push([b"c", &*mark(&self.schedule)].concat()),
        };
        write_job(self.job.as_ref(), args);
    }
}

/// The mark of a job that the next tick of its schedule cancels.
fn mark(schedule: &ScheduleId) -> Vec<u8> {
    let reason = CancelReason {
        by: Some(format!("schedule {schedule}")),
        reason: Some("its next tick has come".to_owned()),
    };
    CancelMark { reason, ..CancelMark::default() }.encode()
}

fn write_job(job: Option<&NewJob>, args: &mut Args<'_>) {
    let Some(job) = job else {
        for empty in ["", "", "", "0", "", "", "0", ""] {
            args.push(empty);
        }
        return;
    };
    args.push(JobId::as_str(&job.id)).push(job.record.as_slice()).push(job.due.to_arg());
    args.push(job.priority.get());
    args.push(job.ttl.map(|ttl| millis(ttl).max(1).to_string()).unwrap_or_default());
    match &job.unique {
        Some(KeyClaim { key, rule }) => {
            args.push(key.as_str()).push(rule.as_str());
        }
        None => {
            args.push("").push(0);
        }
    }
    args.push(job.tags.as_deref().unwrap_or_default());
}
