//! What was being done, and on what, when a call failed.

use std::{fmt, sync::Arc};

use crate::job::{JobId, QueueName};

/// What was being done, and on what, when a call failed. Its text: `retry a job (queue orders, job
/// 01J…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    action: &'static str,
    target: Target,
    /// How many jobs its steps had done.
    done: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// The program itself.
    Nothing,
    /// Where the server is, without user and password.
    Server(Arc<str>),
    /// A queue, or what has a name like one: a topic, a channel, an inbox.
    Named(&'static str, QueueName),
    Job(QueueName, JobId),
    /// A key of an effect, in the queue of its job.
    Key(QueueName, Arc<str>),
}

impl Operation {
    /// `action` is what can be said after "failed to".
    pub(crate) const fn new(action: &'static str) -> Self {
        Self { action, target: Target::Nothing, done: None }
    }

    pub(crate) fn on_server(action: &'static str, address: impl fmt::Display) -> Self {
        Self { target: Target::Server(address.to_string().into()), ..Self::new(action) }
    }

    pub(crate) fn on_queue(action: &'static str, queue: &QueueName) -> Self {
        Self::on(action, "queue", queue)
    }

    /// On a queue, or on what has a name like one.
    pub(crate) fn on(action: &'static str, kind: &'static str, name: &QueueName) -> Self {
        Self { target: Target::Named(kind, name.clone()), ..Self::new(action) }
    }

    pub(crate) fn on_job(action: &'static str, queue: &QueueName, job: &JobId) -> Self {
        Self { target: Target::Job(queue.clone(), job.clone()), ..Self::new(action) }
    }

    pub(crate) fn on_key(action: &'static str, queue: &QueueName, key: &str) -> Self {
        Self { target: Target::Key(queue.clone(), key.into()), ..Self::new(action) }
    }

    /// What was being done: "add jobs".
    #[must_use]
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// The queue, if the call was about one.
    #[must_use]
    pub fn queue(&self) -> Option<&QueueName> {
        match &self.target {
            Target::Named("queue", queue) | Target::Job(queue, _) | Target::Key(queue, _) => {
                Some(queue)
            }
            _ => None,
        }
    }

    /// The job, if the call was about one.
    #[must_use]
    pub fn job(&self) -> Option<&JobId> {
        if let Target::Job(_, job) = &self.target { Some(job) } else { None }
    }

    /// For how many jobs an operation that works in steps had done it before it failed, such as
    /// [`Queue::retry_failed`](crate::Queue::retry_failed); `None` for others.
    #[must_use]
    pub fn done(&self) -> Option<u64> {
        self.done
    }

    /// The step that failed came after others.
    pub(super) fn after(&mut self, done: u64) {
        self.done = Some(done);
    }

    /// On what, without the action: `queue orders, job 01J…`.
    pub(crate) fn target(&self) -> String {
        match &self.target {
            Target::Nothing => String::new(),
            Target::Server(address) => format!("server {address}"),
            Target::Named(kind, name) => format!("{kind} {name}"),
            Target::Job(queue, job) => format!("queue {queue}, job {job}"),
            Target::Key(queue, key) => format!("queue {queue}, key {key:?}"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action)?;
        match self.target().as_str() {
            "" => {}
            target => write!(f, " ({target})")?,
        }
        self.done.map_or(Ok(()), |done| write!(f, " after {done} jobs"))
    }
}
