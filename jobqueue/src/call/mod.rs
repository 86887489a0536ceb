//! Calls: a job is added, and the caller waits for its reply.
//!
//! ```no_run
//! use jobqueue::{job, Client, DurationExt};
//!
//! #[job(queue = "prices")]
//! async fn quote(item: String) -> u64 {
//!     item.len() as u64
//! }
//!
//! # async fn example(client: Client) -> Result<(), jobqueue::error::CallError> {
//! let price = client.call(quote, "tea".to_owned()).timeout(2.seconds()).await?;
//! # let _: u64 = price;
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::call`] calls a handler, [`Queue::call`] one that is known by its name only. The
//! handler is an ordinary one, in any process. An add and
//! [`JobHandle::result`](crate::JobHandle::result) wait for a result too, and keep the job; a call
//! keeps nothing and is answered sooner.

mod mailbox;

use std::{future::IntoFuture, marker::PhantomData, pin::Pin, time::Duration};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout_at;

use self::mailbox::Mailbox;
use crate::{
    client::Client,
    clock,
    error::{CallError, Error},
    job::{Deadline, Gone, IntoJob, JobName, Outcome, QueueName},
    policy::{Backoff, Retain},
    producer::{Content, Request, durability_setter, request_setters},
    queue::Queue,
    store::{Durability, deadline_after, job::Instead},
    value_error::{Invalid, PayloadError},
};

/// How long a call waits for its reply by default.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A call of a handler in any process: set options, then await it for the handler's result.
///
/// The request is a job like any other, with its handler's attempts, timeout and dead letters. Its
/// reply is written in the same atomic step in which it ends, and comes to an inbox that all calls
/// of a client share: there is no polling, and any number of calls can be in flight over one
/// connection. Unless options say otherwise, a request that has ended is not kept.
///
/// A request that leaves its queue without a run is answered at once too: one that expires, that is
/// removed, drained or obliterated (of many, the next to run), or that overflows.
///
/// If the caller dies, a run that has begun goes on. A request that still waits when the caller's
/// time is up expires without a run. A reply that comes too late is dropped; Redis removes the
/// replies of dead callers after a minute.
///
/// # Cancel safety
/// Dropped before it is done, the request is added once or not at all; if it is, it runs as any
/// other, and its reply is dropped.
///
/// # Errors
/// [`CallError::Failed`] if the job failed for good, [`CallError::TimedOut`] if there was no reply
/// in time, [`CallError::Error`] if the request could not be added or the result isn't of this
/// type.
#[must_use = "a request is sent when this is awaited"]
#[derive(Debug)]
pub struct Call<T> {
    request: Result<Request, Invalid>,
    content: Result<Content, PayloadError>,
    limit: Duration,
    output: PhantomData<fn() -> T>,
}

impl Client {
    /// Calls a handler, in any process, and waits for its result. Await the answer, or set options
    /// first.
    ///
    /// ```no_run
    /// # use jobqueue::{error::CallError, job, Client, DurationExt};
    /// # #[job(queue = "prices")]
    /// # async fn quote(item: String) -> u64 { 42 }
    /// # async fn example(client: Client) -> Result<(), CallError> {
    /// let price: u64 = client.call(quote, "tea".to_owned()).timeout(2.seconds()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that payloads read like arguments")]
    pub fn call<F: IntoJob<Args>, Args>(&self, handler: F, payload: F::Payload) -> Call<F::Output> {
        let _ = handler;
        let content = Content::of_call::<F::Job>(self.codec_of::<F::Job>(), &payload);
        Call::new(self.request_for::<F::Job>(), content)
    }
}

impl Queue {
    /// Calls a handler by its name. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # use jobqueue::{error::CallError, Queue};
    /// # async fn example(prices: Queue) -> Result<(), CallError> {
    /// let price: u64 = prices.call("quote", "tea").typed().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<T: Serialize + ?Sized>(&self, name: &str, payload: &T) -> Call<serde_json::Value> {
        Call::new(self.request(name), self.client().codec().encode(payload).map(Content::plain))
    }
}

impl<T> Call<T> {
    fn new(request: Result<Request, Invalid>, content: Result<Content, PayloadError>) -> Self {
        Self { request, content, limit: TIMEOUT, output: PhantomData }
    }

    /// How long to wait for the reply, including the time in the queue and all attempts; 30 s by
    /// default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The same call with a result of another type, for handlers that are called by name.
    pub fn typed<U>(self) -> Call<U> {
        let Self { request, content, limit, .. } = self;
        Call { request, content, limit, output: PhantomData }
    }

    request_setters!();
    durability_setter!();

    fn set(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }

    /// Sends the request, and waits for its outcome as it was written.
    async fn ask(self) -> Result<(QueueName, JobName, Bytes), CallError> {
        let deadline = deadline_after(self.limit);
        let mut request = self.request.and_then(Request::checked).map_err(Error::from)?;
        // After that time the caller no longer waits for a run to begin.
        request.default_ttl(self.limit);
        let (client, options) = (request.client.clone(), &mut request.options);
        // The reply is enough for a caller.
        options.retain.get_or_insert(Retain::none());
        options.retain_failed.get_or_insert(Retain::none());
        let mailbox = client.shared::<Mailbox>();
        options.reply_to = Some(mailbox.address().map_err(Error::from)?);
        let content = self.content.map_err(Error::from)?;
        let mut job = request.job(content, None, clock::now()).map_err(Error::from)?;
        job.id = job.id.awaited();
        let mut reply = mailbox.wait_for(client.store(), &job.id).map_err(Error::from)?;
        let exchange = async {
            match request.send(&request.batcher(), vec![job]).await?.pop() {
                // It went to the dead-letter queue of a full queue.
                Some((_, Instead::Overflowed)) => Ok(Gone::Overflow.outcome().encode().into()),
                Some(_) | None => Ok::<_, Error>(reply.told().await),
            }
        };
        let answer = timeout_at(deadline, exchange).await;
        let (queue, name) = (request.store.name().clone(), request.name);
        match answer {
            Ok(outcome) => Ok((queue, name, outcome?)),
            Err(_) => Err(CallError::TimedOut { queue, name, limit: self.limit }),
        }
    }
}

impl<T: DeserializeOwned> Call<T> {
    async fn send(self) -> Result<T, CallError> {
        let (queue, name, outcome) = self.ask().await?;
        match Outcome::decode(&outcome).map_err(Error::from)? {
            Outcome::Completed { codec, result } => codec.decode(&result).map_err(|error| {
                let of_call = error.reading(format_args!("reply of {name} in queue {queue}"));
                Error::from(of_call).into()
            }),
            Outcome::Failed(failure) | Outcome::DeadLettered { failure, .. } => {
                Err(CallError::Failed { queue, name, failure })
            }
            Outcome::Cancelled(reason) => Err(CallError::Cancelled { queue, name, reason }),
        }
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Call<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
