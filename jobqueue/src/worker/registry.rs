//! The handlers of one queue, by name.

use std::{
    collections::HashMap, fmt, future::ready, marker::PhantomData, pin::Pin, sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    batch::{ItemEnd, write},
    handler::Handler,
    handler_limits::{Full, HandlerLimits, Pass},
    run::{BreakerGuard, Context, Demand, HandlerBreaker},
    telemetry::JobMetrics,
};
use crate::{
    client::Client,
    hashing::RandomState,
    job::{BoxFuture, Definition, JobName, QueueName, Record, RunRules},
    policy::Batching,
    schedule::AddSchedule,
    settle::{Known, RunOutcome},
    topic::Subscription,
    value_error::{Invalid, PayloadError},
};

/// A running handler: it gives the encoded result, or how else it ended.
pub(crate) type Running = Pin<Box<dyn Future<Output = ItemEnd> + Send>>;

/// A handler without its types.
trait Erased: Send + Sync {
    fn call(&self, record: &Record, ctx: Context) -> Result<Running, PayloadError>;
    fn batching(&self) -> Option<Batching>;
    fn call_batch(&self, jobs: Vec<Context>) -> BoxFuture<Vec<ItemEnd>>;
}

impl<H: Handler> Erased for PhantomData<H> {
    fn call(&self, record: &Record, ctx: Context) -> Result<Running, PayloadError> {
        let (codec, payload) = (record.codec, record.read(&H::VERSIONS)?);
        Ok(Box::pin(async move {
            let end = H::call(payload, ctx).await;
            end.and_then(|output| write::<H>(codec, &output)).map_err(RunOutcome::Failure)
        }))
    }

    fn batching(&self) -> Option<Batching> {
        H::batch_call().map(|batch| batch.batching)
    }

    fn call_batch(&self, jobs: Vec<Context>) -> BoxFuture<Vec<ItemEnd>> {
        match H::batch_call() {
            Some(batch) => batch.run(jobs),
            None => Box::pin(ready(Vec::new())),
        }
    }
}

/// One handler with its rules and limits.
pub(crate) struct Entry {
    handler: Box<dyn Erased>,
    pub(crate) name: JobName,
    pub(crate) rules: RunRules,
    /// The newest version of payloads that it reads.
    pub(crate) version: u32,
    /// The topic that its queue is bound to.
    subscription: Option<Subscription>,
    /// Its own dead-letter queue.
    pub(crate) dead_letter: Option<QueueName>,
    limits: Option<HandlerLimits>,
    pub(crate) metrics: JobMetrics,
    breaker: Option<Arc<HandlerBreaker>>,
    /// Makes the schedule that it declares.
    schedule: fn(&Client) -> Option<AddSchedule>,
}

impl Entry {
    /// As intake looks at it.
    pub(crate) fn known(self: Arc<Self>) -> Known<Arc<Self>> {
        let (name, rules, newest) = (Some(self.name.clone()), self.rules, self.version);
        Known { handler: self, name, rules, newest }
    }

    /// Lets a run start, if the handler's own limits in this process have room for it. It needs no
    /// pass if there are none.
    pub(crate) fn admit(&self, slot_is_free: bool) -> Result<Option<Box<Pass>>, Full> {
        let Some(limits) = &self.limits else { return Ok(None) };
        let pass = limits.admit(slot_is_free, Instant::now());
        pass.map(|pass| Some(Box::new(pass))).ok_or(Full)
    }

    /// How many of its runs the handler's own limits let start now, if this many slots are free; none
    /// if it has no limits.
    pub(crate) fn room(&self, free_slots: usize, now: Instant) -> Option<usize> {
        self.limits.as_ref().map(|limits| limits.room(free_slots, now))
    }

    /// When its rate gives the next start, if it gives none now.
    pub(crate) fn more_at(&self, now: Instant) -> Option<Instant> {
        self.limits.as_ref().and_then(|limits| limits.more_at(now))
    }

    /// Asks its breaker, if it has one, whether a run may start, and otherwise after which delay it
    /// may try again.
    pub(crate) fn ask_breaker(&self) -> Result<Option<BreakerGuard>, Duration> {
        self.breaker.as_ref().map(HandlerBreaker::admit).transpose()
    }

    /// How large its batches are, and how long they wait, if it runs several jobs at once.
    pub(crate) fn batching(&self) -> Option<Batching> {
        self.handler.batching()
    }

    /// Runs several jobs at once.
    pub(crate) fn call_batch(&self, jobs: Vec<Context>) -> BoxFuture<Vec<ItemEnd>> {
        self.handler.call_batch(jobs)
    }

    /// Reads the payload and starts the run.
    pub(crate) fn call(&self, record: &Record, ctx: Context) -> Result<Running, PayloadError> {
        self.handler.call(record, ctx)
    }
}

/// The handlers of one queue, by name.
#[derive(Default)]
pub(crate) struct Registry(HashMap<&'static str, Arc<Entry>, RandomState>);

impl Registry {
    pub(crate) fn insert<H: Handler>(&mut self) -> Result<(), Invalid> {
        let Definition { queue, name, run, limits, .. } = H::DEFINITION;
        H::DEFINITION.validate()?;
        if let Some(batch) = H::batch_call() {
            batch.validate()?;
        }
        let entry = Entry {
            handler: Box::new(PhantomData::<H>),
            name: name.parse()?,
            rules: run,
            version: H::VERSIONS.newest(),
            metrics: JobMetrics::new(queue, name),
            subscription: match H::DEFINITION.subscription {
                Some(subscription) => Some(Subscription::new(subscription, name)?),
                None => None,
            },
            dead_letter: H::DEFINITION.dead_letter.map(str::parse).transpose()?,
            limits: HandlerLimits::new(&limits)?,
            breaker: limits.breaker.map(HandlerBreaker::new).map(Arc::new),
            schedule: AddSchedule::declared::<H>,
        };
        match self.0.insert(name, Arc::new(entry)) {
            None => Ok(()),
            Some(_) => Err(Invalid::setup(
                format!("the worker has two handlers named {name:?} for queue {queue}"),
                "rename one of them",
            )),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Entry>> {
        self.0.get(name).cloned()
    }

    /// How many jobs of this queue are worth fetching now: any, unless the breakers of all handlers
    /// are open.
    pub(crate) fn demand(&self) -> Demand {
        let mut demand: Option<Demand> = None;
        for entry in self.0.values() {
            // Most handlers have no breaker, and then the first of them is enough to know.
            match entry.breaker.as_ref().map_or(Demand::Any, |breaker| breaker.demand()) {
                Demand::Any => return Demand::Any,
                other => demand = Some(demand.map_or(other, |demand| demand.or(other))),
            }
        }
        demand.unwrap_or(Demand::Any)
    }

    /// Its handlers.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.0.values().map(Arc::as_ref)
    }

    /// The topics that the handlers' queue is bound to.
    pub(crate) fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.0.values().filter_map(|entry| entry.subscription.as_ref())
    }

    /// The schedules that the handlers declare.
    pub(crate) fn schedules<'a>(
        &'a self,
        client: &'a Client,
    ) -> impl Iterator<Item = AddSchedule> + 'a {
        self.0.values().filter_map(|entry| (entry.schedule)(client))
    }

    /// The dead-letter queues of its handlers.
    pub(crate) fn dead_letters(&self) -> impl Iterator<Item = &QueueName> {
        self.0.values().filter_map(|entry| entry.dead_letter.as_ref())
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.names()).finish()
    }
}
