//! What the handle of a test, its client and its worker share.

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use super::{
    drives::{Drives, Driving},
    names::{self, Names},
    sent::{Published, Sent},
};
use crate::{
    client::{Client, Following, SentJob, SentMessage, Watch},
    error::Result,
    job::{JobId, QueueName},
    value_error::Invalid,
    worker::{OneByOne, RunWatch, Worker, WorkerBuilder},
};
use bytes::Bytes;

/// When jobs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// When the test says so.
    #[default]
    Manual,
    /// Before their add returns.
    Inline,
    /// As in production.
    Live,
}

/// What the handle of a test, its client and its worker share.
pub(super) struct Stage {
    pub(super) watch: RunWatch,
    mode: OnceLock<Mode>,
    /// Until the worker is built.
    builder: Mutex<Option<Box<WorkerBuilder>>>,
    pub(super) worker: Arc<tokio::sync::Mutex<Option<Box<Worker>>>>,
    pub(super) drives: Drives,
    one_by_one: OnceLock<OneByOne>,
    /// The handlers' subscriptions are bound.
    bound: tokio::sync::OnceCell<()>,
    /// Whether the schedules that handlers declare are made.
    declared: tokio::sync::OnceCell<()>,
    seen: Mutex<Seen>,
    /// For tasks of its own.
    pub(super) this: Weak<Self>,
}

/// What the client has sent.
#[derive(Default)]
struct Seen {
    jobs: Vec<Sent>,
    messages: Vec<Published>,
    /// Broadcasts that the worker has yet to hear.
    broadcasts: Vec<(QueueName, Bytes)>,
    /// Jobs that run no more at once, since they are too deep.
    left: HashSet<JobId>,
    /// Jobs that the test has run by themselves.
    performed: HashSet<(QueueName, JobId)>,
    /// The numbers of ids in snapshots.
    names: Names,
}

/// How much the client had sent at one moment.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    jobs: usize,
    messages: usize,
}

impl Stage {
    pub(super) fn new(client: &Client) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            watch: RunWatch::default(),
            mode: OnceLock::new(),
            builder: Mutex::new(Some(Box::new(Worker::builder(client)))),
            worker: Arc::default(),
            drives: Drives::default(),
            one_by_one: OnceLock::new(),
            bound: tokio::sync::OnceCell::new(),
            declared: tokio::sync::OnceCell::new(),
            seen: Mutex::default(),
            this: this.clone(),
        })
    }

    /// Whether the worker has something to do: a handler or a listener, or a mistake to tell.
    pub(super) fn has_work(&self) -> bool {
        let builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        builder.as_ref().is_none_or(|builder| !builder.is_empty())
    }

    /// Sets the worker up. False if it is built already.
    pub(super) fn set_up(&self, set_up: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> bool {
        let mut builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = builder.take() else { return false };
        *builder = Some(Box::new(set_up(*before)));
        true
    }

    /// Whether the worker has this handler, built or not.
    pub(super) fn has_handler(&self, queue: &str, name: &str) -> bool {
        let builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        let built = self.one_by_one.get();
        builder.as_ref().is_some_and(|builder| builder.has_handler(queue, name))
            || built.is_some_and(|worker| worker.has_handler(queue, name))
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode.get().copied().unwrap_or_default()
    }

    /// False if it has one already.
    pub(super) fn set_mode(&self, mode: Mode) -> bool {
        self.mode.set(mode).is_ok()
    }

    /// The worker's handlers, one job at a time. From its first use on the worker is built.
    pub(super) fn one_by_one(&self) -> Result<&OneByOne> {
        if let Some(built) = self.one_by_one.get() {
            return Ok(built);
        }
        let builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner).take();
        let builder = builder.ok_or_else(|| {
            Invalid::setup("the test's worker was set up wrongly", "mend its setup")
        })?;
        let mut worker = builder.state(self.watch.clone()).build()?;
        let one_by_one = worker.one_by_one(self.watch.clone());
        if self.mode() != Mode::Live {
            // It hears what it missed while it didn't run, and would hear the rest twice.
            worker.hears_nothing();
        }
        if let Ok(mut place) = self.worker.try_lock() {
            *place = Some(Box::new(worker));
        }
        Ok(self.one_by_one.get_or_init(|| one_by_one))
    }

    /// The worker, as long as the test has it run.
    pub(super) async fn worker(&self) -> tokio::sync::MutexGuard<'_, Option<Box<Worker>>> {
        self.worker.lock().await
    }

    /// The test has jobs run, until the answer is dropped.
    pub(super) fn drive(&self) -> Driving<'_> {
        self.drives.begin()
    }

    /// Whether this job runs no more at once.
    pub(super) fn is_left(&self, id: &JobId) -> bool {
        self.seen().left.contains(id)
    }

    /// These jobs run no more at once.
    pub(super) fn leave(&self, ids: impl Iterator<Item = JobId>) {
        self.seen().left.extend(ids);
    }

    /// A job was run by itself.
    pub(super) fn note_performed(&self, queue: &QueueName, id: &JobId) {
        self.seen().performed.insert((queue.clone(), id.clone()));
    }

    pub(super) fn has_performed(&self, queue: &QueueName, id: &JobId) -> bool {
        self.seen().performed.contains(&(queue.clone(), id.clone()))
    }

    /// Binds what the handlers subscribe to, once: also before the worker first runs.
    async fn bind(&self, client: &Client) -> Result<()> {
        let subscribes = {
            let builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
            builder.as_ref().is_none_or(|builder| builder.subscribes())
        };
        if self.bound.initialized() || !subscribes || self.mode() == Mode::Live {
            return Ok(());
        }
        let worker = self.one_by_one()?;
        self.bound.get_or_try_init(|| worker.subscribe(client)).await?;
        Ok(())
    }

    /// Makes the schedules that the handlers declare, once: before the worker first runs, since it
    /// does so for nothing else.
    pub(super) async fn declare(&self, client: &Client) -> Result<()> {
        if self.mode() != Mode::Live {
            let worker = self.one_by_one()?;
            self.declared.get_or_try_init(|| worker.declare(client)).await?;
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it does with the names of ids.
    pub(super) fn with_names<T>(&self, act: impl FnOnce(&mut Names) -> T) -> T {
        act(&mut self.seen().names)
    }

    pub(super) fn mark(&self) -> Mark {
        let seen = self.seen();
        Mark { jobs: seen.jobs.len(), messages: seen.messages.len() }
    }

    /// What was sent since then.
    pub(super) fn sent_since(&self, mark: Mark) -> (Vec<Sent>, Vec<Published>) {
        let seen = self.seen();
        (seen.jobs[mark.jobs..].to_vec(), seen.messages[mark.messages..].to_vec())
    }

    /// The queues that the client has added jobs to.
    pub(super) fn queues(&self) -> BTreeSet<QueueName> {
        self.seen().jobs.iter().map(|sent| sent.queue.clone()).collect()
    }

    /// All messages.
    pub(super) fn published(&self) -> Vec<Published> {
        self.seen().messages.clone()
    }

    /// Broadcasts that the worker has yet to hear; it is hearing them from now on.
    pub(super) fn take_broadcasts(&self) -> Vec<(QueueName, Bytes)> {
        std::mem::take(&mut self.seen().broadcasts)
    }

    fn hears(&self, channel: &QueueName) -> bool {
        let builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        let built = self.one_by_one.get();
        builder.as_ref().is_some_and(|builder| builder.listens_to(channel))
            || built.is_some_and(|worker| worker.listens_to(channel))
    }
}

impl Watch for Stage {
    fn added(&self, queue: &QueueName, jobs: Vec<SentJob>) -> Following<'_, ()> {
        {
            let Seen { jobs: seen, names: numbers, .. } = &mut *self.seen();
            for job in jobs {
                names::note(numbers, &job.id);
                seen.push(Sent::new(queue, job));
            }
        }
        Box::pin(async {
            if self.mode() == Mode::Inline { self.run_waiting().await } else { Ok(()) }
        })
    }

    fn waits<'a>(
        &'a self,
        client: &'a Client,
        queue: &'a QueueName,
        id: &'a JobId,
    ) -> Following<'a, ()> {
        Box::pin(self.stuck(client, queue, id))
    }

    fn publishes<'a>(&'a self, client: &'a Client) -> Following<'a, ()> {
        Box::pin(self.bind(client))
    }

    fn published(&self, client: &Client, messages: Vec<SentMessage>) -> Following<'_, ()> {
        let mut topics: Vec<QueueName> = messages.iter().map(|it| it.topic.clone()).collect();
        topics.dedup();
        self.seen().messages.extend(messages.into_iter().map(Published::new));
        let relays = client.relays().clone();
        Box::pin(async move {
            if self.mode() != Mode::Inline {
                return Ok(());
            }
            for topic in topics {
                relays.relay(&topic).await?;
            }
            self.run_waiting().await
        })
    }

    fn broadcast(&self, channel: &QueueName, message: Bytes) -> Following<'_, u64> {
        let channel = channel.clone();
        Box::pin(async move {
            let mode = self.mode();
            if mode == Mode::Live || !self.hears(&channel) {
                return Ok(0);
            }
            if mode == Mode::Inline {
                self.one_by_one()?.hear(&channel, &message).await?;
            } else {
                self.seen().broadcasts.push((channel, message));
            }
            Ok(1)
        })
    }
}
