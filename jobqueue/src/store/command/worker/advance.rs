//! Settle a batch of runs, promote what is due, take up to n jobs, move the lease.

use std::time::Duration;

use redis::Value;

use super::{
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
    /// How many jobs the worker believes it holds, those settled here among them.
    pub(crate) held: usize,
    /// How many more it wants.
    pub(crate) want: usize,
    /// Hold the whole queue for so long.
    pub(crate) throttle: Duration,
    pub(crate) settlements: &'a [Settlement],
}

/// What a turn brought.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The server's clock, in ms since the epoch.
    pub(crate) now: u64,
    /// The jobs that the worker now holds in addition.
    pub(crate) taken: Vec<Taken>,
    /// Why it was given no more, if not for want of jobs.
    pub(crate) limit: Option<Limit>,
    /// When to look again: something is due then, or a lease runs out.
    pub(crate) look_in: Duration,
    /// How many jobs wait now.
    pub(crate) left: u64,
    /// Whether effects on other queues are on their way.
    pub(crate) effects: bool,
    pub(crate) more: More,
}

/// What only some queues have to say.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// In how long the next job expires, if any of the queue's ever did: for ever, if none will.
    pub(crate) expires_in: Option<Duration>,
    /// The queue's own dead-letter queue.
    pub(crate) dead_letter: Option<QueueName>,
}

/// What kept jobs back that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The queue is paused.
    Paused,
    /// A handler holds the queue for a time.
    Throttled,
    /// As many jobs are active as may be.
    Active,
    /// The queue's rate.
    Rate,
}

impl Command for Advance<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / advance,
        [
            clock, layout, rank, events, wake, lease, running, unique, columns, retention, promote,
            recover, active, limits, settle, expiry, fetch, details, outbox
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
        settlement::write(self.settlements, args);
    }

    fn size(&self) -> (usize, usize) {
        let bytes = self.settlements.iter().map(Settlement::size).sum::<usize>();
        (16 + 2 * self.settlements.len(), 128 + bytes)
    }

    fn read(&self, reply: Value) -> Result<Turn, Corrupt> {
        const WHAT: &str = Advance::ACTION;
        let mut items = reply::array(reply, WHAT)?;
        // One more if there are effects on their way, and one again if there is more to say.
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
            other => return Err(Corrupt::new(WHAT, format!("an unknown limit {other}"))),
        };
        let mut taken = taken::read(&ids, [records, attempts, stalls, misses])?;
        let more = match more {
            Some(more) => read_more(more, &mut taken)?,
            None => More::default(),
        };
        Ok(Turn {
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

/// Pairs of a word and what it says; words of newer versions are left out.
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
            _ => {}
        }
    }
    Ok(more)
}
