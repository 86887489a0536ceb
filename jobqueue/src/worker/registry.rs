//! The handlers of one queue, by name.

use std::{collections::HashMap, fmt, marker::PhantomData, pin::Pin, sync::Arc};

use tokio::time::Instant;

use super::{
    handler::Handler,
    handler_limits::{Full, HandlerLimits, Pass, Supply},
    run::{Context, Demand, HandlerBreaker},
    telemetry::JobMetrics,
};
use crate::{
    client::Client,
    hashing::RandomState,
    job::{Definition, Failure, JobName, QueueName, Record, RunRules},
    policy::Verdict,
    schedule::AddSchedule,
    settle::Known,
    store::worker::Rooms,
    topic::Subscription,
    value_error::{Invalid, MAX_RESULT, PayloadError, TooLarge},
};

/// A running handler: it gives the encoded result, or the failure.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send>>;

/// A handler without its types.
trait Erased: Send + Sync {
    fn call(&self, record: &Record, ctx: Context) -> Result<Running, PayloadError>;
}

impl<H: Handler> Erased for PhantomData<H> {
    fn call(&self, record: &Record, ctx: Context) -> Result<Running, PayloadError> {
        let codec = record.codec;
        let payload = record.read(&H::VERSIONS)?;
        Ok(Box::pin(async move {
            let output = H::call(payload, ctx).await?;
            let bytes = codec.encode(&output).map_err(|error| unwritable(&error))?;
            if bytes.len() > MAX_RESULT {
                let what = format!("the result of job {}", H::DEFINITION.name);
                return Err(unwritable(&TooLarge::returned(what, bytes.len(), MAX_RESULT)));
            }
            Ok(bytes)
        }))
    }
}

/// The work was done: another attempt would not help.
fn unwritable(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::from_error(Verdict::Permanent, error)
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
    pub(crate) breaker: Option<HandlerBreaker>,
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
            breaker: limits.breaker.map(HandlerBreaker::new),
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
            match entry.breaker.as_ref().map_or(Demand::Any, HandlerBreaker::demand) {
                Demand::Any => return Demand::Any,
                other => demand = Some(demand.map_or(other, |demand| demand.or(other))),
            }
        }
        demand.unwrap_or(Demand::Any)
    }

    /// Whether a handler has limits of its own in this process.
    pub(crate) fn has_limits(&self) -> bool {
        self.0.values().any(|entry| entry.limits.is_some())
    }

    /// How many jobs the handlers' own limits let start now, if this many slots are free.
    pub(crate) fn supply(&self, free_slots: usize, now: Instant) -> Supply {
        let mut supply = Supply { most: 0, more_at: None };
        for entry in self.0.values() {
            let room = entry.limits.as_ref().map_or(usize::MAX, |it| it.room(free_slots, now));
            supply.most = supply.most.saturating_add(room);
            let more_at = entry.limits.as_ref().and_then(|limits| limits.more_at(now));
            supply.more_at = supply.more_at.into_iter().chain(more_at).min();
        }
        supply
    }

    /// The same for each handler that has limits.
    pub(crate) fn rooms(&self, free_slots: usize, now: Instant) -> Rooms {
        let mut rooms = Rooms::default();
        for entry in self.0.values() {
            if let Some(limits) = &entry.limits {
                rooms.add(&entry.name, limits.room(free_slots, now));
            }
        }
        rooms
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
