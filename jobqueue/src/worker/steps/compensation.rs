//! What undoes a handler's effects when its job fails for good.

use std::time::Duration;

use super::{
    error::StepError,
    step::{Step, StepRules},
    versions::Plain,
};
use crate::{
    job::Failure,
    policy::Backoff,
    worker::run::{Compensation, Context, Part},
};

/// How often a compensation may run before it has failed for good.
const ATTEMPTS: u32 = 10;

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl Context {
    /// If the job fails for good, this is done: compensations run in reverse, each once, as
    /// [steps](Self::step) do, with ten attempts each. Say it behind the step that it undoes.
    ///
    /// ```
    /// # use jobqueue::{job, Context, Failure};
    /// # async fn charge(_order: u64) -> Result<String, Failure> { Ok("receipt".into()) }
    /// # async fn refund(_receipt: String) -> Result<(), Failure> { Ok(()) }
    /// # async fn send(_order: u64) -> Result<(), Failure> { Ok(()) }
    /// #[job(queue = "orders", attempts = 5, steps)]
    /// async fn fulfil(order: u64, ctx: Context) -> Result<(), Failure> {
    ///     let receipt = ctx.step("charge", || charge(order)).await?;
    ///     ctx.on_failure("refund", move || refund(receipt.clone()))?;
    ///     ctx.step("send", || send(order)).await
    /// }
    /// ```
    ///
    /// The failure is recorded first. If the process dies then, another run replays what is
    /// recorded, up to the first part that isn't, and runs the compensations that are left. So does a
    /// last run of a job that [stalled](crate::error::FailureReason::Stalled) too often, or whose
    /// deadline passed while nobody ran it. One that fails for good is named among the failure's
    /// causes, and the others run all the same.
    ///
    /// None run for a job that is cancelled or removed, whose handler no worker knows, or whose steps
    /// [don't fit](StepError::Mismatch) the code. A job whose compensations have run begins anew if
    /// it is [retried](crate::JobHandle::retry).
    ///
    /// In a test of a handler without Redis none run.
    ///
    /// # Errors
    /// [`StepError::Undeclared`] if the handler isn't declared with `#[job(steps)]`;
    /// [`StepError::Error`] if it works on an item of [a loop](Self::each): one before the loop can undo
    /// all of its items.
    pub fn on_failure<E, F, Fut>(
        &self,
        name: impl Into<String>,
        mut effect: F,
    ) -> Result<(), StepError>
    where
        E: Into<Failure>,
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let Some(steps) = self.steps() else {
            return Err(StepError::undeclared(self.name().as_str()));
        };
        if steps.is_in_loop() {
            return Err(StepError::in_loop());
        }
        let spot = self.spot(Part::Compensation, name.into());
        let (ctx, place) = (self.downgrade(), spot.clone());
        let run = move || async move {
            let Some(ctx) = ctx.upgrade() else { return Ok(()) };
            if let Some(line) = ctx.line(&place).await?
                && let Some(problem) = line.given_up(&place)
            {
                return Err(Failure::permanent(problem));
            }
            let backoff = Backoff::exponential(FIRST_WAIT).max(LONGEST_WAIT);
            let plan = StepRules { spot: place, attempts: ATTEMPTS, backoff, timeout: None };
            let effect = move || {
                let running = effect();
                async move { running.await.map_err(Into::into) }
            };
            Step::<_, Plain>::new(&ctx, plan, effect).run::<(), Failure, _>().await
        };
        steps.register(Compensation { spot, run: Box::new(move || Box::pin(run())) });
        Ok(())
    }
}
