//! A received job, until it is acknowledged.

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};

use super::{
    context::{Accepted, ReceiveContext},
    rules::check_visibility,
    settle::settle,
};
use crate::{
    error::{Error, Result},
    job::{Counts, Failure, JobId, JobName, Record, Settlement, Transition, WorkerId},
    settle::RunOutcome,
    store::worker::Extend,
    task::boxed,
    value_error::{MAX_RESULT, PayloadError, TooLarge},
};

/// A received job: its data, and the ways to acknowledge it.
///
/// Exactly one way is taken, and consumes the delivery: [`complete`](Self::complete) (RabbitMQ's
/// `ack`, SQS's `DeleteMessage`), [`fail`](Self::fail) (`nack` or `reject` without requeue, if the
/// failure is permanent), [`release`](Self::release) (`nack` with requeue) or
/// [`retry_in`](Self::retry_in). All may be called at any time and in any order, from any task.
///
/// A job whose delivery is dropped is handed out again once its visibility timeout is over. After
/// that, every acknowledgement is refused with
/// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost): another consumer has the job, or had
/// it.
///
/// # Cancel safety
/// An acknowledgement that has begun is carried out, even if its future is dropped: its first poll
/// begins it. [`extend`](Self::extend) may be dropped at any time, as by a `select!` of work and a
/// heartbeat: then the timeout is set anew or as it was.
#[must_use = "a job that isn't acknowledged is handed out again"]
pub struct Delivery {
    source: Source,
    job: Accepted,
    /// Until when it is out.
    until: Mutex<Instant>,
    /// Its permit to be out.
    permit: Option<OwnedSemaphorePermit>,
}

/// What the deliveries of one receive start from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) context: ReceiveContext,
    /// The name by which its jobs are known.
    pub(super) receive: WorkerId,
    pub(super) until: Instant,
}

impl Delivery {
    pub(super) fn new(source: Source, job: Accepted, permit: Option<OwnedSemaphorePermit>) -> Self {
        let until = Mutex::new(source.until);
        Self { source, job, until, permit }
    }

    /// The job's id: the same each time it is handed out, so it serves as an idempotency key.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.job.id
    }

    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &JobName {
        &self.job.record.name
    }

    /// The job as it was added: payload, options, time.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.job.record
    }

    /// Its payload.
    ///
    /// # Errors
    /// The payload isn't of this type.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.job.record.codec.decode(&self.job.record.payload)
    }

    /// The [group](crate::Add::group) of the job.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.job.record.options.group.as_deref()
    }

    /// One header of the job.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.job.record.options.headers.get(name).map(String::as_str)
    }

    /// The headers of the job.
    #[must_use]
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.job.record.options.headers
    }

    /// Which attempt this is, from 1: one more than have [failed](Self::fail).
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.job.policy.attempt
    }

    /// How often the job was [snoozed](crate::Failure::snooze) before.
    #[must_use]
    pub fn snoozes(&self) -> u32 {
        let policy = &self.job.policy;
        policy.snoozed
    }

    /// How often the job was handed out, from 1. Failed attempts and visibility timeouts that ran
    /// out count; releases don't. SQS's `ApproximateReceiveCount`.
    #[must_use]
    pub fn receives(&self) -> u32 {
        self.job.policy.attempt.saturating_add(self.job.stalls)
    }

    /// Completes the job, without a result.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over
    /// first, and those of any call.
    pub async fn complete(self) -> Result<()> {
        self.complete_with(&()).await
    }

    /// Completes the job with a result, for [`JobHandle::result`](crate::JobHandle::result). At
    /// most 1 MiB.
    ///
    /// # Errors
    /// [`Error::Payload`] if the result can't be written, and then the job is still out;
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over
    /// first, and those of any call.
    pub async fn complete_with<T: Serialize + ?Sized>(self, result: &T) -> Result<()> {
        let result = self.job.record.codec.encode(result)?;
        if result.len() > MAX_RESULT {
            let what = format!("the result of job {}", self.job.record.name);
            return Err(TooLarge::returned(what, result.len(), MAX_RESULT).into());
        }
        self.end(RunOutcome::Success(result)).await
    }

    /// Fails this attempt. The [failure](Failure) says what follows: another attempt after the
    /// job's backoff or after a time, none, or a throttle of the whole queue. With its last
    /// attempt, by default the third, the job fails for good, and goes to the dead-letter queue if
    /// there is one.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over
    /// first, and those of any call.
    pub async fn fail(self, failure: impl Into<Box<dyn StdError + Send + Sync>>) -> Result<()> {
        self.end(RunOutcome::Failure(Failure::unmarked(&*failure.into()))).await
    }

    /// Hands the job out again after this delay, and counts no attempt. To count one,
    /// [fail](Self::fail) with [`Failure::retry_after`].
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over
    /// first, and those of any call.
    pub async fn retry_in(self, delay: Duration) -> Result<()> {
        let (id, end) =
            (self.id().clone(), Transition::Released { delay, counts: Counts::Nothing });
        let settlement = Settlement { id, end, effects: Vec::new() };
        carried_out(self.settle(settlement, Duration::ZERO)).await
    }

    /// Gives the job back to its own place in the queue, and counts no attempt: the next receive
    /// may have it at once.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over
    /// first, and those of any call.
    pub async fn release(self) -> Result<()> {
        self.retry_in(Duration::ZERO).await
    }

    /// Sets the job's visibility timeout anew, counted from now: later or sooner. The others of the
    /// same receive keep theirs. 100 ms to 12 h.
    ///
    /// # Errors
    /// [`Refused::Cancelled`](crate::error::Refused::Cancelled) if the job was cancelled: end it;
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over
    /// first, and those of any call.
    pub async fn extend(&self, timeout: Duration) -> Result<()> {
        check_visibility("timeout", timeout)?;
        let (receive, id) = (&self.source.receive, self.id());
        let extend = Extend { receive, id, visibility: timeout };
        // First, in case the call is made and its answer never heard.
        self.note(|until| until.max(Instant::now() + timeout));
        self.source.context.queue.store().call_retrying(&extend).await?;
        self.note(|_| Instant::now() + timeout);
        Ok(())
    }

    fn note(&self, change: impl FnOnce(Instant) -> Instant) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = change(*until);
    }

    async fn end(self, outcome: RunOutcome) -> Result<()> {
        carried_out(async move {
            let decision = self.source.context.decide(&self.job, outcome);
            let (id, throttle) = (self.id().clone(), decision.throttle);
            self.settle(decision.into_settlement(id), throttle).await
        })
        .await
    }

    async fn settle(mut self, settlement: Settlement, throttle: Duration) -> Result<()> {
        let (queue, receive) = (&self.source.context.queue, &self.source.receive);
        let answer = settle(queue, receive, &[settlement], throttle).await;
        if answer.as_ref().map_or_else(Error::is_lease_lost, |()| true) {
            // It isn't out any more.
            self.permit = None;
        }
        answer
    }
}

/// Carries an acknowledgement out on a task of its own, also if nobody waits for it any more.
fn carried_out(
    work: impl Future<Output = Result<()>> + Send + 'static,
) -> impl Future<Output = Result<()>> + Send {
    // Boxed before it is awaited, so that the caller's future doesn't carry its state along.
    let work = boxed(work);
    async move { tokio::spawn(work).await.unwrap_or(Err(Error::Closed)) }
}

impl Drop for Delivery {
    /// Without an acknowledgement the job stays out until its visibility timeout is over.
    fn drop(&mut self) {
        if let (Some(permit), Ok(runtime)) =
            (self.permit.take(), tokio::runtime::Handle::try_current())
        {
            let until = *self.until.get_mut().unwrap_or_else(PoisonError::into_inner);
            runtime.spawn(boxed(async move {
                sleep_until(until).await;
                drop(permit);
            }));
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the payload: deliveries end up in logs.
        f.debug_struct("Delivery")
            .field("id", self.id())
            .field("name", &self.name())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}
