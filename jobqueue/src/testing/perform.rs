//! One run of one handler.

use std::{future::IntoFuture, marker::PhantomData, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};

use super::{TestQueue, names, performed::Performed};
use crate::{
    clock,
    error::{Error, Result},
    job::{IntoJob, Job as _, JobId, QueueName, Tries},
    producer::{Content, Request},
    store::OneJob,
    value_error::{Invalid, PayloadError},
    worker::Handler,
};

impl TestQueue {
    /// Runs a handler once, as the worker would: with its timeout, its retries, its breaker, what it
    /// does once, its payload's versions, its state. Set options, then await it for what became of
    /// the job, and what the run did on the way.
    ///
    /// The job is really there: it is of the handler's queue, under the worker's lease, and a retry
    /// or a dead letter of it can be found afterwards. But no other job runs, and neither a pause
    /// nor a limit of the queue or of the handler counts. A handler that the worker doesn't have is
    /// added to it, unless it has run already.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use jobqueue::{job, testing::TestQueue, Context, Error, Failure};
    ///
    /// #[job(queue = "payments", attempts = 3, backoff = fixed("30s"), dead_letter = "refused")]
    /// async fn charge(cents: u64, ctx: Context) -> Result<String, Failure> {
    ///     ctx.log(format!("charging {cents}")).await?;
    ///     match ctx.header("card") {
    ///         Some("declined") => Err(Failure::retry("declined")),
    ///         _ => Ok("paid".to_owned()),
    ///     }
    /// }
    ///
    /// #[jobqueue::test]
    /// # async fn as_written(_: TestQueue) {}
    /// async fn a_declined_card_is_tried_three_times(app: TestQueue) -> Result<(), Error> {
    ///     let paid = app.perform(charge, 1_250).await?;
    ///     assert_eq!(paid.logs, ["charging 1250"]);
    ///     assert_eq!(paid.completed(), "paid");
    ///
    ///     let declined = app.perform(charge, 1_250).header("card", "declined").await?;
    ///     assert_eq!(declined.retried(), Duration::from_secs(30));
    ///
    ///     let last = app.perform(charge, 1_250).header("card", "declined").attempt(3).await?;
    ///     assert_eq!(last.failed().message, "declined");
    ///     assert_eq!(last.dead_letter(), Some("refused"));
    ///     Ok(())
    /// }
    /// # jobqueue::testing::run(a_declined_card_is_tried_three_times).expect("it passes");
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that payloads read like arguments")]
    pub fn perform<F, Args>(&self, handler: F, payload: F::Payload) -> Perform<'_, F::Output>
    where
        F: IntoJob<Args>,
        F::Job: Handler,
    {
        let payload = self.client.codec_of::<F::Job>().encode(&payload);
        self.perform_encoded(handler, payload)
    }

    /// The same with a payload of an older [version](crate::Payload), which the handler's type is
    /// upgraded from, or of any other shape.
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, Error, Payload};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize, Payload)]
    /// # struct OrderV1 { id: u64 }
    /// # #[derive(Serialize, Deserialize, Payload)]
    /// # #[payload(version = 2, upgrade_from(OrderV1))]
    /// # struct Order { id: u64, express: bool }
    /// # impl From<OrderV1> for Order {
    /// #     fn from(order: OrderV1) -> Self { Self { id: order.id, express: false } }
    /// # }
    /// # #[job(queue = "orders")]
    /// # async fn ship(order: Order) -> bool { order.express }
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// let shipped = app.perform_version(ship, 1, &OrderV1 { id: 7 }).await?;
    /// assert!(!shipped.completed(), "not by express");
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    pub fn perform_version<F, Args, P>(
        &self,
        handler: F,
        version: u32,
        payload: &P,
    ) -> Perform<'_, F::Output>
    where
        F: IntoJob<Args>,
        F::Job: Handler,
        P: Serialize + ?Sized,
    {
        let payload = self.client.codec_of::<F::Job>().encode(payload);
        self.perform_encoded(handler, payload)
            .set(|request| request.options.version = Some(version))
    }

    fn perform_encoded<F, Args>(
        &self,
        handler: F,
        payload: Result<Vec<u8>, PayloadError>,
    ) -> Perform<'_, F::Output>
    where
        F: IntoJob<Args>,
        F::Job: Handler,
    {
        let definition = F::Job::DEFINITION;
        let known = self.stage.has_handler(definition.queue, definition.name)
            || self.stage.set_up(|worker| worker.handler(handler));
        let unknown = || {
            let problem = format!("the test's worker has no handler {:?}", definition.name);
            Invalid::setup(problem, "add it with `.handler(…)`, before the worker first runs")
        };
        let request = if known { self.client.request_for::<F::Job>() } else { Err(unknown()) };
        Perform { app: self, request, payload, id: None, attempt: 1, output: PhantomData }
    }
}

impl TestQueue {
    /// A run by itself must not take the place of a job that was added.
    async fn refuse_if_known(&self, queue: &QueueName, id: &JobId) -> Result<()> {
        if self.stage.has_performed(queue, id) {
            return Ok(());
        }
        match self.client.queue(queue)?.job(id.clone()).state().await? {
            Some(state) if !state.is_final() => {
                let problem = format!("job {id} is in queue {queue} already, and is {state}");
                Err(Invalid::setup(problem, "perform another id, or have it run").into())
            }
            _ => Ok(()),
        }
    }
}

/// One run of a handler, about to be made. See [`TestQueue::perform`].
///
/// # Errors
/// The worker is set up wrongly, or an option or the payload is invalid. What becomes of the run is
/// no error of this.
#[must_use = "a handler runs when this is awaited"]
#[derive(Debug)]
pub struct Perform<'a, T> {
    app: &'a TestQueue,
    request: Result<Request, Invalid>,
    payload: Result<Vec<u8>, PayloadError>,
    id: Option<Result<JobId, Invalid>>,
    attempt: u32,
    output: PhantomData<fn() -> T>,
}

impl<T> Perform<'_, T> {
    /// Which attempt it is, from 1: those before it have failed. 1 by default.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// How many attempts the job has, instead of what its handler says.
    pub fn attempts(self, attempts: u32) -> Self {
        self.set(|request| request.options.attempts = Some(attempts))
    }

    /// A header of the job.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(|request| drop(request.headers().insert(name.into(), value.into())))
    }

    /// The job's id. Two runs of one id are two deliveries of one job, for what happens
    /// [once](crate::Context::once). A job of this id that the test has added, and that hasn't ended,
    /// is an error.
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        self.id = Some(id.as_ref().parse());
        self
    }

    fn set(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }
}

impl<T: DeserializeOwned> Perform<'_, T> {
    async fn run(self) -> Result<Performed<T>> {
        let stage = &self.app.stage;
        let request = self.request?.checked()?;
        if self.attempt == 0 {
            return Err(Invalid::new("attempt", self.attempt, "attempts are counted from 1").into());
        }
        stage.one_by_one()?;
        let named = self.id.is_some();
        let job = request.job(Content::plain(self.payload?), self.id.transpose()?, clock::now())?;
        let (attempts, mark) = (self.attempt - 1, stage.mark());
        let tries = Tries { attempts, ..Tries::default() };
        let new = OneJob { record: job.record.into(), tries, stalls: 0 };
        stage.with_names(|numbers| names::note(numbers, &job.id));
        let queue = request.store.name();
        let _driving = stage.drive();
        if named {
            self.app.refuse_if_known(queue, &job.id).await?;
        }
        stage.note_performed(queue, &job.id);
        let end = stage.run_one(queue, &job.id, Some(new)).await?;
        let end = end.ok_or(Error::Closed)?;
        let notes = stage.watch.take_notes(&job.id);
        let about = (request.name, job.id, self.attempt);
        Performed::new(about, end, notes, stage.sent_since(mark))
    }
}

impl<'a, T: DeserializeOwned + 'a> IntoFuture for Perform<'a, T> {
    type Output = Result<Performed<T>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
