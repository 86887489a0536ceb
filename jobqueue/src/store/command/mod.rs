//! One struct for each Lua entry: it alone knows the keys, the arguments and the reply.

pub(crate) mod flow;
pub(crate) mod job;
mod numbered;
pub(crate) mod once;
pub(crate) mod outbox;
pub(crate) mod queue;
pub(crate) mod schedule;
pub(crate) mod topic;
pub(crate) mod worker;

pub(crate) use numbered::Numbered;
use redis::{ToRedisArgs, Value};

use super::{
    keys::{Key, Keys},
    registry::Listed,
    script::Script,
};
use crate::{
    job::{JobId, WorkerId},
    value_error::Corrupt,
};

/// A call of one script on one queue.
pub(crate) trait Command: Sync {
    /// The script that is called.
    const SCRIPT: &'static Script;
    /// Its keys, in the order of the script's header.
    const KEYS: &'static [Key];
    /// The action in the text of errors, after "failed to": "add jobs".
    const ACTION: &'static str;
    /// The kind of thing that the store's name names, for the text of errors.
    const KIND: &'static str = "queue";
    /// What exists after such a call, for the registry.
    const LISTS: &'static [Listed] = &[];
    /// Whether its caller waits until that is written: one that makes something may end right then.
    const AWAITS_LISTING: bool = false;
    /// Whether it is written each time: such calls are rare, and the queue may have been obliterated.
    const LISTS_ANEW: bool = false;
    /// The script's answer.
    type Reply: Send;

    /// Writes the arguments, in the order of the script's header.
    fn write(&self, keys: &Keys, args: &mut Args<'_>);

    /// About the number of its arguments and of their bytes, to reserve room for them.
    fn size(&self) -> (usize, usize) {
        (8, 128)
    }

    /// Reads the answer.
    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt>;

    /// The worker of [`Key::Running`].
    fn worker(&self) -> Option<&WorkerId> {
        None
    }

    /// The worker of [`Key::Former`].
    fn former(&self) -> Option<&WorkerId> {
        self.worker()
    }

    /// Keys beyond [`KEYS`](Self::KEYS).
    fn more_keys(&self, _keys: &Keys) -> Vec<String> {
        Vec::new()
    }

    /// The one job that the call is about, for the text of its errors.
    fn job(&self) -> Option<&JobId> {
        None
    }

    /// The one key that the call is about, for the text of its errors.
    fn key(&self) -> Option<&str> {
        None
    }
}

/// The arguments of a call, written straight into the request.
pub(crate) struct Args<'a>(pub(crate) &'a mut redis::Cmd);

impl Args<'_> {
    pub(crate) fn push(&mut self, value: impl ToRedisArgs) -> &mut Self {
        self.0.arg(value);
        self
    }
}

#[cfg(feature = "internals")]
/// Every script, by name, for the tests of the scripts themselves.
pub(crate) fn scripts() -> Vec<&'static Script> {
    let mut all = Vec::new();
    all.extend(flow::scripts());
    all.extend(job::scripts());
    all.extend(once::scripts());
    all.extend(outbox::scripts());
    all.extend(queue::scripts());
    all.extend(schedule::scripts());
    all.extend(topic::scripts());
    all.extend(worker::scripts());
    all
}
