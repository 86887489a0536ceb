//! The handlers of one queue, by name.

use std::{collections::HashMap, fmt, marker::PhantomData, pin::Pin, sync::Arc};

use foldhash::fast::RandomState;
use governor::{DefaultDirectRateLimiter, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Context, Handler,
    breaker::{Appetite, Fuse},
    meter::JobMeter,
};
use crate::{
    flaw::{Invalid, PayloadError},
    job::{Definition, Delivery, Failure, JobName, QueueName, Record, RunRules},
    queue::Subscription,
};

/// A run under way: the result's bytes, or the failure.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send>>;

/// The most bytes of a result. What is larger belongs elsewhere, with a reference as the result.
pub(crate) const MAX_RESULT: usize = 1 << 20;

/// A handler whose types only it knows.
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
                return Err(unwritable(&PayloadError::TooLarge {
                    size: bytes.len(),
                    limit: MAX_RESULT,
                }));
            }
            Ok(bytes)
        }))
    }
}

/// The work was done: to do it again would not help.
fn unwritable(error: &PayloadError) -> Failure {
    Failure::permanent(format_args!("the result {error}"))
}

/// One handler with its rules and limits.
pub(super) struct Entry {
    handler: Box<dyn Erased>,
    pub(super) name: JobName,
    pub(super) rules: RunRules,
    /// The newest version of payloads that it knows.
    pub(super) version: u32,
    /// What its queue is to be bound to.
    subscription: Option<Subscription>,
    /// Where its jobs go that fail for good.
    pub(super) dead_letter: Option<QueueName>,
    permits: Option<Arc<Semaphore>>,
    rate: Option<DefaultDirectRateLimiter>,
    pub(super) meter: JobMeter,
    pub(super) fuse: Option<Fuse>,
}

impl Entry {
    /// Whether the handler has limits of its own in this process.
    pub(super) fn is_limited(&self) -> bool {
        self.permits.is_some() || self.rate.is_some()
    }

    /// Waits until the handler's own limits in this process let one more run start.
    pub(super) async fn admit(&self) -> Option<OwnedSemaphorePermit> {
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
    pub(super) fn call(&self, record: &Record, ctx: Context) -> Result<Running, PayloadError> {
        self.handler.call(record, ctx)
    }
}

/// The handlers of one queue, by name.
#[derive(Default)]
pub(super) struct Registry(HashMap<&'static str, Arc<Entry>, RandomState>);

impl Registry {
    pub(super) fn insert<H: Handler>(&mut self) -> Result<(), Invalid> {
        let Definition { queue, name, run, limits, .. } = H::DEFINITION;
        run.backoff.validate()?;
        run.retry.validate()?;
        limits.breaker.map_or(Ok(()), |breaker| breaker.validate())?;
        if run.attempts == 0 || limits.concurrency == Some(0) {
            return Err(Invalid::new(
                "handler",
                name,
                "attempts and concurrency must be 1 or more",
            ));
        }
        if run.delivery == Delivery::AtMostOnce && limits.breaker.is_some() {
            let advice =
                "a job that runs at most once can't go back to wait: leave its breaker out";
            return Err(Invalid::new("handler", name, advice));
        }
        let entry = Entry {
            handler: Box::new(PhantomData::<H>),
            name: name.parse()?,
            rules: run,
            version: H::VERSIONS.newest(),
            meter: JobMeter::new(queue, name),
            subscription: match H::DEFINITION.subscription {
                Some(subscription) => Some(Subscription::new(subscription, name)?),
                None => None,
            },
            dead_letter: H::DEFINITION.dead_letter.map(str::parse).transpose()?,
            permits: limits.concurrency.map(|permits| Arc::new(Semaphore::new(permits))),
            rate: match limits.rate {
                Some(rate) => Some(RateLimiter::direct(rate.quota()?)),
                None => None,
            },
            fuse: limits.breaker.map(Fuse::new),
        };
        match self.0.insert(name, Arc::new(entry)) {
            None => Ok(()),
            Some(_) => Err(Invalid::new(
                "handler",
                name,
                "another handler of this worker has this queue and name: rename one of them",
            )),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<Entry>> {
        self.0.get(name).cloned()
    }

    /// How many jobs of this queue are worth fetching now: any, unless the breakers of all handlers are open.
    pub(super) fn appetite(&self) -> Appetite {
        let mut appetites = Vec::new();
        for entry in self.0.values() {
            // Most handlers have none, and then the first of them is enough to know.
            match entry.fuse.as_ref().map_or(Appetite::Any, Fuse::appetite) {
                Appetite::Any => return Appetite::Any,
                other => appetites.push(other),
            }
        }
        appetites.into_iter().reduce(Appetite::or).unwrap_or(Appetite::Any)
    }

    /// What its handlers' queue is to be bound to.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.0.values().filter_map(|entry| entry.subscription.as_ref())
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.names()).finish()
    }
}
