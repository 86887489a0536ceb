//! Settle a batch of runs, promote what is due, fetch up to n jobs, renew the lease.

use std::time::Duration;

use redis::Value;

use super::{
    rooms::Rooms,
    settlement,
    taken::{self, Taken},
};
use crate::{
    job::{QueueName, Settlement, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/worker/advance.lua`
pub(crate) struct Advance<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) lease: Duration,
    /// The number of jobs that the worker knows of, including those settled here.
    pub(crate) held: usize,
    /// The most jobs to fetch.
    pub(crate) want: usize,
    /// Throttle the whole queue for this long.
    pub(crate) throttle: Duration,
    /// What the worker's own limits leave room for.
    pub(crate) rooms: &'a Rooms,
    pub(crate) settlements: &'a [Settlement],
}

/// The answer to a turn.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The server's clock, in ms since the epoch.
    pub(crate) now: u64,
    /// The fetched jobs.
    pub(crate) taken: Vec<Taken>,
    /// The limit that kept it from more jobs, if one did.
    pub(crate) limit: Option<Limit>,
    /// When to look again: something is due then, or a lease runs out.
    pub(crate) look_in: Duration,
    /// The number of waiting jobs.
    pub(crate) left: u64,
    /// Whether effects wait in the outbox.
    pub(crate) effects: bool,
    pub(crate) more: More,
}

/// Values that only some queues have.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// The time until the next job expires, if the queue has had such jobs: `MAX` if none will.
    pub(crate) expires_in: Option<Duration>,
    /// The queue's own dead-letter queue.
    pub(crate) dead_letter: Option<QueueName>,
    /// When the first schedule is due, in ms since the epoch.
    pub(crate) tick: Option<i64>,
}

/// The limit that waiting jobs met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The queue is paused.
    Paused,
    /// A handler throttles the queue.
    Throttled,
    /// The limit of active jobs.
    Active,
    /// The queue's rate.
    Rate,
    /// No more fitted into the answer. The next call may take them.
    Bytes,
}

impl Command for Advance<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / advance,
        first plain_advance, [
            clock,
            layout,
            rank,
            events,
            wake,
            lease,
            lanes,
            held,
            setback,
            running,
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
            group_of,
            groups,
            groups_back,
            promote,
            hand,
            recover,
            active,
            limits,
            throttle,
            turn,
            wish,
            suspend,
            settle,
            fit,
            expiry,
            rooms,
            pop,
            (group_limits & keyed in rotation),
            fetch,
            handover,
            details
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Delayed,
        Key::Workers,
        Key::Running,
        Key::Priority,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Progress,
        Key::Listed,
        Key::Uniques,
        Key::Outcomes,
        Key::Completed,
        Key::Failed,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "settle and fetch jobs";
    type Reply = Turn;

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.worker.as_str()).push(millis(self.lease));
        args.push(self.held).push(self.want).push(millis(self.throttle));
        args.push(self.rooms.as_str());
        settlement::write(self.settlements, args);
    }

    fn size(&self) -> (usize, usize) {
        let bytes = self.settlements.iter().map(Settlement::size).sum::<usize>();
        (17 + 2 * self.settlements.len(), 128 + bytes)
    }

    fn read(&self, reply: Value) -> Result<Turn, Corrupt> {
        Turn::read(reply)
    }
}

impl Turn {
    /// Reads the script's answer.
    pub(super) fn read(reply: Value) -> Result<Self, Corrupt> {
        const WHAT: &str = Advance::ACTION;
        let mut items = reply::array(reply, WHAT)?;
        // One more if effects wait in the outbox, and another for the values of some queues.
        let more = if items.len() > 10 { items.pop() } else { None };
        let effects = if items.len() > 9 { items.pop() } else { None };
        let effects = effects.map_or(Ok(0), |effects| reply::count(&effects, WHAT))?;
        let [now, wait, left, why, ids, records, attempts, stalls, misses] =
            reply::tuple(Value::Array(items), WHAT)?;
        let limit = match reply::text(&why, WHAT)? {
            "" => None,
            "paused" => Some(Limit::Paused),
            "throttled" => Some(Limit::Throttled),
            "active" => Some(Limit::Active),
            "rate" => Some(Limit::Rate),
            "bytes" => Some(Limit::Bytes),
            other => return Err(Corrupt::new(WHAT, format!("an unknown limit {other}"))),
        };
        let mut taken = taken::read(&ids, [records, attempts, stalls, misses])?;
        let more = match more {
            Some(more) => read_more(more, &mut taken)?,
            None => More::default(),
        };
        Ok(Self {
            now: reply::count(&now, WHAT)?,
            taken,
            limit,
            look_in: Duration::from_millis(reply::count(&wait, WHAT)?),
            left: reply::count(&left, WHAT)?,
            effects: effects > 0,
            more,
        })
    }
}

/// Pairs of a word and its value; words of newer versions are left out.
fn read_more(pairs: Value, taken: &mut [Taken]) -> Result<More, Corrupt> {
    const WHAT: &str = Advance::ACTION;
    let mut more = More::default();
    let pairs = reply::array(pairs, WHAT)?;
    let (pairs, _) = pairs.as_chunks::<2>();
    for [word, value] in pairs {
        match reply::text(word, WHAT)? {
            "expired" => taken::mark_expired(taken, value)?,
            "expires" => {
                let wait = u64::try_from(reply::int(value, WHAT)?);
                more.expires_in = Some(wait.map_or(Duration::MAX, Duration::from_millis));
            }
            "dead_letter" => {
                let name = reply::text(value, WHAT)?;
                more.dead_letter = name.parse().ok();
            }
            "ticks" => more.tick = Some(reply::int(value, WHAT)?),
            _ => {}
        }
    }
    Ok(more)
}
