//! The handlers of one queue, by name.

use std::{collections::HashMap, fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use governor::{DefaultDirectRateLimiter, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Context, Handler};
use crate::{
    flaw::{Invalid, PayloadError},
    job::{Codec, Definition, Failure, QueueName, RunRules},
    queue::Subscription,
};

/// A run under way: the result's bytes, or the failure.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send>>;

/// The most bytes of a result. What is larger belongs elsewhere, with a reference as the result.
const MAX_RESULT: usize = 1 << 20;

/// A handler whose types only it knows.
trait Erased: Send + Sync {
    fn call(&self, payload: &[u8], codec: Codec, ctx: Context) -> Result<Running, PayloadError>;
}

impl<H: Handler> Erased for H {
    fn call(&self, payload: &[u8], codec: Codec, ctx: Context) -> Result<Running, PayloadError> {
        let payload = codec.decode::<H::Payload>(payload)?;
        let handler = *self;
        Ok(Box::pin(async move {
            let output = handler.call(payload, ctx).await?;
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
    pub(super) rules: RunRules,
    /// What its queue is to be bound to.
    subscription: Option<Subscription>,
    /// Where its jobs go that fail for good.
    pub(super) dead_letter: Option<QueueName>,
    permits: Option<Arc<Semaphore>>,
    rate: Option<DefaultDirectRateLimiter>,
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
    pub(super) fn call(
        &self,
        payload: &Bytes,
        codec: Codec,
        ctx: Context,
    ) -> Result<Running, PayloadError> {
        self.handler.call(payload, codec, ctx)
    }
}

/// The handlers of one queue, by name.
#[derive(Default)]
pub(super) struct Registry(HashMap<&'static str, Arc<Entry>>);

impl Registry {
    pub(super) fn insert<H: Handler>(&mut self, handler: H) -> Result<(), Invalid> {
        let Definition { name, run, limits, .. } = H::DEFINITION;
        run.backoff.validate()?;
        if run.attempts == 0 || limits.concurrency == Some(0) {
            return Err(Invalid::new(
                "handler",
                name,
                "attempts and concurrency must be 1 or more",
            ));
        }
        let entry = Entry {
            handler: Box::new(handler),
            rules: run,
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
