//! Join as a worker under a new name, and take over the jobs of an old one.

use std::time::Duration;

use redis::Value;

use crate::{
    job::{JobId, WorkerId},
    policy::Rate,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
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

impl Command for Join<'_> {
    const SCRIPT: &'static Script = script!(
        "worker" / join,
        [
            clock,
            layout,
            rank,
            lease,
            lanes,
            held,
            setback,
            events,
            wake,
            soon,
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
            reconcile,
            code_limits,
            number
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Workers,
        Key::Running,
        Key::Former,
        Key::Waiting,
        Key::Expiring,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "join a queue as a worker";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    const LISTS_ANEW: bool = true;
    type Reply = Vec<JobId>;

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

    /// The jobs that the worker knew of and that are still its own.
    fn read(&self, reply: Value) -> Result<Vec<JobId>, Corrupt> {
        const WHAT: &str = Join::ACTION;
        let kept = reply::array(reply, WHAT)?;
        kept.iter().map(|id| Ok(JobId::from_store(reply::text(id, WHAT)?))).collect()
    }
}
