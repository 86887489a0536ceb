//! Join as a worker under a new name, and take over the jobs of an old one.

use std::time::Duration;

use redis::Value;

use super::taken::{self, Taken};
use crate::{
    job::{JobId, WorkerId},
    policy::Rate,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::{millis, rate_text},
    },
    value_error::Corrupt,
};

/// `lua/worker/join.lua`
pub(crate) struct Join<'a> {
    pub(crate) worker: &'a WorkerId,
    pub(crate) former: Option<&'a WorkerId>,
    pub(crate) lease: Duration,
    /// None leaves the present ones.
    pub(crate) limits: Option<CodeLimits>,
    /// The jobs that the worker knows of.
    pub(crate) known: &'a [JobId],
}

/// Limits set in code; those set at run time win.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodeLimits {
    pub(crate) rate: Option<Rate>,
    pub(crate) max_active: Option<u64>,
}

/// The jobs of a worker as it joins.
#[derive(Debug)]
pub(crate) struct Holding {
    /// Those it knew of that are still its own.
    pub(crate) kept: Vec<JobId>,
    /// Those it didn't know of, fetched by a call whose reply was lost.
    pub(crate) found: Vec<Taken>,
}

impl Command for Join<'_> {
    const SCRIPT: &'static Script =
        script!("worker" / join, [clock, layout, lease, wake, code_limits, details, number]);
    const KEYS: &'static [Key] = &[
        Key::Workers,
        Key::Running,
        Key::Former,
        Key::Jobs,
        Key::Attempts,
        Key::Stalls,
        Key::Misses,
        Key::Meta,
        Key::Expiring,
        Key::Waiting,
        Key::Wake,
    ];
    const ACTION: &'static str = "join a queue as a worker";
    type Reply = Holding;

    fn worker(&self) -> Option<&WorkerId> {
        Some(self.worker)
    }

    fn former(&self) -> Option<&WorkerId> {
        self.former.or(Some(self.worker))
    }

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.worker.as_str()).push(self.former.map_or("", WorkerId::as_str));
        args.push(millis(self.lease));
        match self.limits {
            Some(CodeLimits { rate, max_active }) => {
                args.push(rate.map(rate_text).unwrap_or_default());
                args.push(max_active.map(|max| max.to_string()).unwrap_or_default());
            }
            None => {
                args.push("-").push("-");
            }
        }
        for id in self.known {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<Holding, Corrupt> {
        const WHAT: &str = Join::ACTION;
        let mut items = reply::array(reply, WHAT)?;
        // One more if jobs of the queue expire.
        let expired = if items.len() > 6 { items.pop() } else { None };
        let [kept, ids, records, attempts, stalls, misses] =
            reply::tuple(Value::Array(items), WHAT)?;
        let kept = reply::array(kept, WHAT)?;
        let mut found = taken::read(&ids, [records, attempts, stalls, misses])?;
        if let Some(expired) = expired {
            taken::mark_expired(&mut found, &expired)?;
        }
        Ok(Holding {
            kept: kept
                .iter()
                .map(|id| reply::text(id, WHAT).map(JobId::from_store))
                .collect::<Result<_, _>>()?,
            found,
        })
    }
}
