//! The handlers of one queue, by name.

use std::{collections::HashMap, fmt, marker::PhantomData, pin::Pin, sync::Arc};

use foldhash::fast::RandomState;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    handler::Handler,
    rate_limiter::RateLimiter,
    run::{Context, Demand, HandlerBreaker},
    telemetry::JobMetrics,
};
use crate::{
    job::{Definition, Failure, JobName, QueueName, Record, RunRules},
    policy::Verdict,
    settle::Known,
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
    permits: Option<Arc<Semaphore>>,
    rate: Option<RateLimiter>,
    pub(crate) metrics: JobMetrics,
    pub(crate) breaker: Option<HandlerBreaker>,
}

impl Entry {
    /// As intake looks at it.
    pub(crate) fn known(self: Arc<Self>) -> Known<Arc<Self>> {
        let (name, rules, newest) = (Some(self.name.clone()), self.rules, self.version);
        Known { handler: self, name, rules, newest }
    }

    /// Whether the handler has limits of its own in this process.
    pub(crate) fn is_limited(&self) -> bool {
        self.permits.is_some() || self.rate.is_some()
    }

    /// Waits until the handler's own limits in this process allow one more run.
    pub(crate) async fn admit(&self) -> Option<OwnedSemaphorePermit> {
        let permit = match &self.permits {
            // The semaphore is never closed.
            Some(permits) => permits.clone().acquire_owned().await.ok(),
            None => None,
        };
        if let Some(rate) = &self.rate {
            rate.until_ready().await;
        }
        permit
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
            permits: limits.concurrency.map(|permits| Arc::new(Semaphore::new(permits))),
            rate: limits.rate.map(RateLimiter::new).transpose()?,
            breaker: limits.breaker.map(HandlerBreaker::new),
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

    /// The topics that the handlers' queue is bound to.
    pub(crate) fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.0.values().filter_map(|entry| entry.subscription.as_ref())
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
