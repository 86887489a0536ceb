//! One part of a handler, whose result is recorded.

use std::{fmt, marker::PhantomData, pin::Pin, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::{
    error::{StepError, TakesStepError},
    line::{Busy, Note, Recorder},
    versions::{ByVersion, Plain, ResultsOf, write},
};
use crate::{
    error::Error,
    policy::Backoff,
    value_error::Invalid,
    worker::run::{Context, Part, Spot, number},
};

/// A step about to run; awaited, it gives its result, or the one recorded before. See
/// [`Context::step`].
#[must_use = "nothing happens until it is awaited"]
pub struct Step<'a, F, V = Plain> {
    pub(super) ctx: &'a Context,
    pub(super) plan: StepRules,
    pub(super) effect: F,
    results: PhantomData<fn() -> V>,
}

/// How a step is treated.
#[derive(Debug)]
pub(super) struct StepRules {
    pub(super) spot: Spot,
    pub(super) attempts: u32,
    pub(super) backoff: Backoff,
    pub(super) timeout: Option<Duration>,
}

impl Context {
    /// Runs a part of the handler, and records its result in the queue's Redis, with the job: a later
    /// run gets that, and doesn't run the part again. The handler is declared with `#[job(steps)]`.
    ///
    /// ```
    /// # use jobqueue::{job, Context, DurationExt, Failure};
    /// # async fn charge(_order: u64) -> Result<String, Failure> { Ok("receipt".into()) }
    /// # async fn mail(_receipt: &str) -> Result<(), Failure> { Ok(()) }
    /// #[job(queue = "orders", attempts = 5, steps)]
    /// async fn process(order: u64, ctx: Context) -> Result<(), Failure> {
    ///     let receipt = ctx.step("charge", || charge(order)).await?;
    ///     ctx.sleep(2.days()).await?; // holds no slot
    ///     ctx.step("mail", || mail(&receipt)).attempts(3).await
    /// }
    /// ```
    ///
    /// The handler itself runs anew in each attempt, and after each [sleep](Self::sleep) and
    /// [wait](Self::wait_for); what is no step is done again. A step is found by its name, by which of
    /// that name it is, and by its position among all parts, counted where this is called. If what is
    /// recorded isn't what is asked for, that is [`StepError::Mismatch`], and nothing runs.
    ///
    /// An error isn't recorded: it is the handler's, unless the step has [attempts](Step::attempts) of
    /// its own. A handler that goes on from an error asks for it [as a value](Step::settled). A result has 1 MiB at most; a job records 1,000 parts and 4 MiB at most.
    ///
    /// Between an effect and its record there is a gap, as for [`once`](Self::once): if the process
    /// dies in it, the step runs again. [`id`](Self::id) and the step's name are a good idempotency
    /// key for the service that it calls.
    ///
    /// A worker that has heard nothing of its lease for as long as that lasts asks before a step begins:
    /// a process that stood still may have lost the job, and another may have done the step.
    ///
    /// In a test of a handler without Redis the step just runs.
    ///
    /// # Cancel safety
    /// Dropped before the effect has ended, nothing is recorded. Once it has ended, its result is
    /// recorded even if this is dropped.
    pub fn step<T, E, F, Fut>(&self, name: impl Into<String>, effect: F) -> Step<'_, F>
    where
        T: Serialize + DeserializeOwned + Send,
        E: TakesStepError + Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let spot = self.spot(Part::Step, name.into());
        let backoff = Backoff::DEFAULT;
        Step::new(self, StepRules { spot, attempts: 1, backoff, timeout: None }, effect)
    }
}

impl<'a, F, V> Step<'a, F, V> {
    pub(super) fn new(ctx: &'a Context, plan: StepRules, effect: F) -> Self {
        Self { ctx, plan, effect, results: PhantomData }
    }

    /// How often the step may run before its error is the handler's; 1 by default. Failures are
    /// counted over runs, whatever the errors say should follow. If the job then has another attempt, the step has all of its own again.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.plan.attempts = attempts;
        self
    }

    /// The wait before its next attempt; exponential from 1 s to 1 h by default. A wait of more than
    /// a second ends the run, and costs the job no attempt.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.plan.backoff = backoff;
        self
    }

    /// How long one attempt of it may take; no limit by default but the run's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.plan.timeout = Some(timeout);
        self
    }
}

impl<'a, F> Step<'a, F> {
    /// Records the [version](crate::Payload) of the result's type along with it, for jobs that are under
    /// way for so long that the type changes: a later run reads what is older as its own type was then,
    /// and upgrades it. What was recorded without a version counts as the first.
    ///
    /// A worker that knows only older versions gives the job back for a while, as one whose payload it
    /// doesn't know ([`unknown_names`](crate::WorkerBuilder::unknown_names)): so workers of two releases
    /// may run side by side.
    ///
    /// ```
    /// use jobqueue::{job, Context, Failure, Payload};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize, Payload)]
    /// struct ChargeV1 { id: u64, total: f64 }
    ///
    /// #[derive(Serialize, Deserialize, Payload)]
    /// #[payload(version = 2, upgrade_from(ChargeV1))]
    /// struct Charge { id: u64, cents: u64 }
    ///
    /// impl From<ChargeV1> for Charge {
    ///     fn from(old: ChargeV1) -> Self {
    ///         Self { id: old.id, cents: (old.total * 100.0).round() as u64 }
    ///     }
    /// }
    ///
    /// # async fn pay(order: u64) -> Result<Charge, Failure> { Ok(Charge { id: order, cents: 999 }) }
    /// #[job(queue = "orders", steps)]
    /// async fn fulfil(order: u64, ctx: Context) -> Result<u64, Failure> {
    ///     let charge = ctx.step("charge", || pay(order)).versioned().await?;
    ///     Ok(charge.cents)
    /// }
    /// ```
    pub fn versioned(self) -> Step<'a, F, ByVersion> {
        let Self { ctx, plan, effect, .. } = self;
        Step::new(ctx, plan, effect)
    }
}

impl StepRules {
    fn check(&self) -> Result<(), Invalid> {
        if self.attempts == 0 {
            return Err(Invalid::new("attempts of a step", 0, "use 1 or more"));
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(Invalid::new("timeout of a step", "0", "leave it out for no limit"));
        }
        self.backoff.validate()
    }
}

impl<F, V> Step<'_, F, V> {
    pub(super) async fn run<T, E, Fut>(self) -> Result<T, E>
    where
        V: ResultsOf<T>,
        T: Serialize + DeserializeOwned + Send,
        E: From<StepError> + Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let Self { ctx, plan, mut effect, .. } = self;
        plan.check().map_err(|invalid| StepError::Error(invalid.into()))?;
        let Some(line) = ctx.line(&plan.spot).await? else {
            return run_alone(&plan, &mut effect).await;
        };
        if let Some(entry) = line.find(&plan.spot).await? {
            debug!(step = %plan.spot, "done before: the recorded result is returned");
            return Ok(line.result(&plan.spot, &entry.value, &V::VERSIONS).await?);
        }
        let (mut failed, due) = plan.failures(&line)?;
        let undoes = plan.spot.part == Part::Compensation;
        if undoes && failed >= plan.attempts {
            return Err(StepError::cut_off(&plan.spot.name, failed).into());
        }
        if !line.journal.is_over(due) {
            line.wait(due, None).await;
        }
        loop {
            let busy = Busy::new(ctx);
            if undoes {
                // The run that cuts it off may be the last to hear of it.
                plan.begins(&line, failed + 1).await?;
            }
            line.make_sure().await?;
            match attempt(&plan, &mut effect).await {
                Ok(result) => {
                    let failures = undoes || failed > 0;
                    let how = (ctx.record().codec, &V::VERSIONS);
                    let written = write(how, &plan.spot, &result).map_err(StepError::from)?;
                    plan.done(&line, written, failures).await?;
                    return Ok(result);
                }
                // Not the step's: another run has it again, and has all of its attempts.
                Err(error) if ctx.is_cancelled() && !undoes => return Err(error),
                Err(error) => {
                    failed += 1;
                    if failed >= plan.attempts {
                        if failed > 1 {
                            plan.forget(&line).await?;
                        }
                        return Err(error);
                    }
                }
            }
            let due = plan.failed(&line, failed).await?;
            drop(busy);
            line.wait(due, None).await;
        }
    }
}

async fn attempt<T, E, F, Fut>(plan: &StepRules, effect: &mut F) -> Result<T, E>
where
    E: From<StepError>,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let Some(limit) = plan.timeout else { return effect().await };
    match timeout(limit, effect()).await {
        Ok(end) => end,
        Err(_) => Err(StepError::Timeout { step: plan.spot.name.clone(), limit }.into()),
    }
}

/// Without a place to record it.
async fn run_alone<T, E, F, Fut>(plan: &StepRules, effect: &mut F) -> Result<T, E>
where
    E: From<StepError>,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    for failed in 1..plan.attempts {
        if let Ok(result) = attempt(plan, effect).await {
            return Ok(result);
        }
        sleep(plan.backoff.delay(failed)).await;
    }
    attempt(plan, effect).await
}

impl StepRules {
    /// How often it has failed before, and until when it waits for its next attempt.
    fn failures(&self, line: &Recorder<'_>) -> Result<(u32, u64), StepError> {
        let Some(entry) = line.journal.get(&self.spot.failures()) else { return Ok((0, 0)) };
        let (failed, due) = match entry.value.iter().position(|byte| *byte == b' ') {
            Some(blank) => (&entry.value[..blank], &entry.value[blank + 1..]),
            None => (&entry.value[..], &b"0"[..]),
        };
        let failed = number(failed).map_err(Error::from)?;
        let due = number(due).map_err(Error::from)?;
        Ok((u32::try_from(failed).unwrap_or(u32::MAX), due))
    }

    /// Records its result.
    async fn done(
        &self,
        line: &Recorder<'_>,
        value: Vec<u8>,
        had_failed: bool,
    ) -> Result<(), StepError> {
        let mut note = Note::new(&self.spot, value);
        if had_failed {
            note.drop = self.spot.failures();
        }
        line.record(note).await.map(drop)
    }

    /// Records that it has failed so often. Answers when it is due again.
    async fn failed(&self, line: &Recorder<'_>, failed: u32) -> Result<u64, StepError> {
        let note = Note {
            field: self.spot.failures(),
            due_in: Some(self.backoff.delay(failed)),
            ..Note::new(&self.spot, format!("{failed} ").into_bytes())
        };
        line.record(note).await
    }

    /// Records that it begins for the so manieth time.
    async fn begins(&self, line: &Recorder<'_>, time: u32) -> Result<(), StepError> {
        let value = format!("{time} 0").into_bytes();
        let note = Note { field: self.spot.failures(), ..Note::new(&self.spot, value) };
        line.record(note).await.map(drop)
    }

    /// Its attempts are used up: with the job's next one, it has them again.
    async fn forget(&self, line: &Recorder<'_>) -> Result<(), StepError> {
        let note = Note { field: self.spot.failures(), ..Note::new(&self.spot, b"0 0".to_vec()) };
        line.record(note).await.map(drop)
    }
}

impl<'a, T, E, F, Fut, V> IntoFuture for Step<'a, F, V>
where
    V: ResultsOf<T> + 'a,
    T: Serialize + DeserializeOwned + Send + 'a,
    E: From<StepError> + Send + 'a,
    F: FnMut() -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
{
    type Output = Result<T, E>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<F, V> fmt::Debug for Step<'_, F, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("plan", &self.plan).finish_non_exhaustive()
    }
}
