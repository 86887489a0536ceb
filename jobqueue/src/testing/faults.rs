//! Failures that a test asks for.

use std::time::Duration;

use tokio::time::Instant;

use super::TestQueue;
use crate::{
    job::{Failure, IntoJob, Job as _},
    store::{CallFault, Faults, RedisCall},
    worker::RunFault,
};

impl TestQueue {
    /// The next run of this handler fails with this error, without a call of the handler; called
    /// again, the one after it. For an error with a verdict of its own: `Failure::of(error)`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use jobqueue::{job, testing::TestQueue, Error, Failure};
    /// # #[job(queue = "payments", backoff = fixed("30s"))]
    /// # async fn charge(_: u64) {}
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// app.fail_next(charge, Failure::retry("the gateway is busy"));
    /// assert_eq!(app.perform(charge, 7).await?.retried(), Duration::from_secs(30));
    /// app.perform(charge, 7).await?.completed();
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    pub fn fail_next<F, Args>(&self, handler: F, error: impl Into<Failure>)
    where
        F: IntoJob<Args>,
    {
        self.plan(handler, RunFault::Fail(error.into()));
    }

    /// The worker dies in the next run of this handler, when the handler has done all and nobody
    /// has heard of it: the worst moment. Another worker runs the job again, when the lease of the
    /// first is over.
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, DurationExt, Error, State};
    /// # use std::sync::{Arc, atomic::{AtomicU32, Ordering}};
    /// # #[derive(Clone, Default)]
    /// # struct Sent(Arc<AtomicU32>);
    /// # #[job(queue = "mails")]
    /// # async fn welcome(_: u64, sent: State<Sent>) { sent.0.0.fetch_add(1, Ordering::Relaxed); }
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// # let sent = Sent::default();
    /// # let app = app.handler(welcome).state(sent.clone());
    /// app.crash_next(welcome);
    /// app.client().add(welcome, 7).await?;
    /// app.run_until_idle().await?;
    /// assert_eq!(sent.0.load(Ordering::Relaxed), 2, "it isn't idempotent");
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    pub fn crash_next<F: IntoJob<Args>, Args>(&self, handler: F) {
        self.plan(handler, RunFault::Crash(None));
    }

    /// The same when this time of the run is over, or when the handler has ended, if that is sooner.
    pub fn crash_next_after<F: IntoJob<Args>, Args>(&self, handler: F, time: Duration) {
        self.plan(handler, RunFault::Crash(Some(time)));
    }

    /// The next run of this handler loses its job as it begins: another worker has it from then on,
    /// and what this run comes to is refused. A run that takes a while hears of it, by
    /// [`Context::is_lost`](crate::Context::is_lost).
    pub fn lose_lease_next<F: IntoJob<Args>, Args>(&self, handler: F) {
        self.plan(handler, RunFault::LoseLease);
    }

    /// The next call to Redis of this kind fails so, whoever makes it.
    ///
    /// ```
    /// # use jobqueue::{job, testing::{RedisCall, CallFault, TestQueue}, Error};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) {}
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// app.fail_next_call(RedisCall::Add, CallFault::Refused);
    /// assert!(app.client().add(welcome, 7).await.is_err(), "redis is full");
    ///
    /// app.fail_next_call(RedisCall::Add, CallFault::Unanswered);
    /// app.client().add(welcome, 7).await?; // it was sent twice, and is there once
    /// assert_eq!(app.enqueued(welcome).await?.len(), 1);
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    pub fn fail_next_call(&self, call: RedisCall, fault: CallFault) {
        self.faults.plan(call.scripts(), fault);
    }

    /// Redis is gone as long as the answer lives. Calls wait for it, as in production, which moves
    /// the time, and fail after their client's
    /// [`retry_timeout`](crate::ClientBuilder::retry_timeout).
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, Error};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) {}
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// let gone = app.redis_gone();
    /// let failed = app.client().add(welcome, 7).await.expect_err("nobody took it");
    /// assert!(matches!(failed, Error::Unavailable { .. }));
    /// drop(gone);
    /// app.client().add(welcome, 7).await?;
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    #[must_use = "Redis is back when this is dropped"]
    pub fn redis_gone(&self) -> RedisGone {
        self.faults.go();
        RedisGone { faults: self.faults.clone() }
    }

    /// Redis is gone for this time from now on, for runs and calls that are to outlast it. A time
    /// that has no end, such as [`Duration::MAX`], is for good.
    pub fn redis_gone_for(&self, time: Duration) {
        match Instant::now().checked_add(time) {
            Some(end) => self.faults.go_until(end),
            None => self.faults.go(),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    fn plan<F: IntoJob<Args>, Args>(&self, handler: F, fault: RunFault) {
        let _ = handler;
        let definition = F::Job::DEFINITION;
        self.stage.watch.plan(definition.queue, definition.name, fault);
    }
}

/// Redis is gone until this is dropped. See [`TestQueue::redis_gone`].
#[derive(Debug)]
pub struct RedisGone {
    faults: Faults,
}

impl Drop for RedisGone {
    fn drop(&mut self) {
        self.faults.back();
    }
}
