//! One job that was received, until it is acknowledged.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit},
    time::{Instant, sleep_until},
};

use super::{
    intake::{Accepted, Intake},
    receiver::check_visibility,
};
use crate::{
    error::{Error, Result},
    job::{Failure, JobId, Record, Settlement, Transition, WorkerId},
    settle::{Decision, RunOutcome},
    store::worker::Extend,
    value_error::{PayloadError, TooLarge},
    worker::MAX_RESULT,
};

/// A job that was received: what it is, and ways to say what becomes of it.
///
/// Exactly one of them is called, and takes the delivery: [`complete`](Self::complete) (RabbitMQ's `ack`, SQS's
/// `DeleteMessage`), [`fail`](Self::fail) (`nack` or `reject` without requeue, if the failure is permanent),
/// [`release`](Self::release) (`nack` with requeue) or [`retry_in`](Self::retry_in). All may be called at
/// any time and in any order, from any task.
///
/// One that is dropped without an answer comes back by itself once its visibility timeout is over. After that,
/// whatever is said of it is refused with [`Refused::LeaseLost`](crate::error::Refused::LeaseLost): another consumer has it, or had.
#[must_use = "a job that isn't acknowledged is handed out again"]
pub struct Delivery {
    source: Source,
    job: Accepted,
    held: Mutex<OwnLease>,
    /// Its place among the jobs that may be out.
    permit: Option<OwnedSemaphorePermit>,
}

/// Where jobs of a receive come from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) intake: Intake,
    pub(crate) worker: WorkerId,
    pub(crate) until: Instant,
}

/// Under which name a job is held, and until when.
#[derive(Clone, Debug)]
struct OwnLease {
    worker: WorkerId,
    until: Instant,
}

impl Delivery {
    pub(crate) fn new(source: Source, job: Accepted, permit: Option<OwnedSemaphorePermit>) -> Self {
        let held = OwnLease { worker: source.worker.clone(), until: source.until };
        Self { source, job, held: Mutex::new(held), permit }
    }

    /// The job's id: the same whenever it is handed out, hence good as an idempotency key.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.job.id
    }

    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.job.record.name.as_str()
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

    /// Something that travels beside the payload.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.job.record.options.headers.get(name).map(String::as_str)
    }

    /// All that travels beside the payload.
    #[must_use]
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.job.record.options.headers
    }

    /// Which attempt this is, from 1: one more than have [failed](Self::fail).
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.job.run_policy.attempt
    }

    /// The how manieth time it is handed out, from 1: attempts that failed and visibility timeouts that ran out
    /// are counted, not releases. SQS's `ApproximateReceiveCount`.
    #[must_use]
    pub fn receives(&self) -> u32 {
        self.job.run_policy.attempt.saturating_add(self.job.stalls)
    }

    /// The work is done. The job has no result.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over first, and those of any call.
    pub async fn complete(self) -> Result<()> {
        self.complete_with(&()).await
    }

    /// The work is done, with this result, for [`JobHandle::result`](crate::JobHandle::result). At most 1 MiB.
    ///
    /// # Errors
    /// [`Error::Payload`] if the result can't be written, and then the job is still out;
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over first, and those of any call.
    pub async fn complete_with<T: Serialize + ?Sized>(self, result: &T) -> Result<()> {
        let result = self.job.record.codec.encode(result)?;
        if result.len() > MAX_RESULT {
            let what = format!("the result of job {}", self.job.record.name);
            return Err(TooLarge::returned(what, result.len(), MAX_RESULT).into());
        }
        self.end(RunOutcome::Success(result)).await
    }

    /// The work failed; what follows is the [failure's](Failure) to say: another attempt after the job's backoff
    /// or after a time, none at all, or a hold of the whole queue. With its last attempt, by default the
    /// third, a job fails for good, and goes to the dead-letter queue if there is one.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over first, and those of any call.
    pub async fn fail(self, failure: impl Into<Failure>) -> Result<()> {
        self.end(RunOutcome::Failure(failure.into())).await
    }

    /// Hands the job out again in so long, at no cost: for another attempt that counts, [fail](Self::fail) with
    /// [`Failure::retry_after`].
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over first, and those of any call.
    pub async fn retry_in(self, delay: Duration) -> Result<()> {
        let (id, end) = (self.id().clone(), Transition::Released { delay, misses: None });
        self.settle(Settlement { id, end, effects: Vec::new() }, Duration::ZERO).await
    }

    /// Gives the job back to its own place in the queue, at no cost: the next receive may have it at once.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over first, and those of any call.
    pub async fn release(self) -> Result<()> {
        self.retry_in(Duration::ZERO).await
    }

    /// Makes the job's visibility timeout end in so long from now: later for one that takes its time, or
    /// sooner. The others of the same receive keep theirs. 100 ms to 12 h.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::error::Refused::LeaseLost) if the visibility timeout was over first, and those of any call.
    pub async fn extend(&self, timeout: Duration) -> Result<()> {
        check_visibility("timeout", timeout)?;
        // OwnLease over the call, so that each goes out under the name of the one before it.
        let mut held = self.held.lock().await;
        let worker = WorkerId::generate();
        let extend =
            Extend { worker: &worker, former: &held.worker, id: self.id(), lease: timeout };
        self.source.intake.queue.store().call_retrying(&extend).await?;
        *held = OwnLease { worker, until: Instant::now() + timeout };
        Ok(())
    }

    async fn end(self, ended: RunOutcome) -> Result<()> {
        let Accepted { id, record, run_policy, .. } = &self.job;
        let Decision { end, effects, throttle, .. } =
            self.source.intake.decide(id, record, run_policy, ended).await;
        let id = id.clone();
        self.settle(Settlement { id, end, effects }, throttle).await
    }

    async fn settle(mut self, settlement: Settlement, throttle: Duration) -> Result<()> {
        let worker = self.held.lock().await.worker.clone();
        let answer = self.source.intake.settle(&worker, &[settlement], throttle).await;
        if answer.as_ref().map_or_else(Error::is_lease_lost, |()| true) {
            // It isn't out any more.
            self.permit = None;
        }
        answer
    }
}

impl Drop for Delivery {
    /// Without an answer a job stays out until its time is over.
    fn drop(&mut self) {
        if let (Some(permit), Ok(runtime)) =
            (self.permit.take(), tokio::runtime::Handle::try_current())
        {
            let until = self.held.get_mut().until;
            runtime.spawn(async move {
                sleep_until(until).await;
                drop(permit);
            });
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
