//! A step whose failure is a value, and is recorded as one.

use std::{fmt, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::StepError,
    line::Note,
    step::Step,
    versions::{Plain, ResultsOf},
};
use crate::{
    error_chain::chain,
    job::Failure,
    worker::run::{Context, Spot},
};

/// A step about to run whose failure is a value; see [`Step::settled`].
#[must_use = "nothing happens until it is awaited"]
pub struct SettledStep<'a, F, V = Plain>(Step<'a, F, V>);

/// What ends such a step without a result.
enum Trouble {
    /// Its effect, after all its attempts.
    Failed(Failure),
    /// It could not run, or its end not be recorded.
    Step(StepError),
}

impl From<StepError> for Trouble {
    fn from(error: StepError) -> Self {
        match error {
            timeout @ StepError::Timeout { .. } => Self::Failed(timeout.into()),
            other => Self::Step(other),
        }
    }
}

impl<'a, F, V> Step<'a, F, V> {
    /// Gives the step's failure as a value, once its [attempts](Self::attempts) are used up, and records
    /// it: later runs get it again, and don't try the step again. So the handler may go on from it, and
    /// do another part instead.
    ///
    /// Without this a step that fails is tried again in each run, and may have a result then: a handler
    /// that goes another way if it fails would come to other parts than those that were recorded.
    ///
    /// ```
    /// # use jobqueue::{job, Context, Failure};
    /// # async fn by_card(_order: u64) -> Result<String, Failure> { Ok("receipt".into()) }
    /// # async fn by_invoice(_order: u64) -> Result<String, Failure> { Ok("invoice".into()) }
    /// #[job(queue = "orders", steps)]
    /// async fn pay(order: u64, ctx: Context) -> Result<String, Failure> {
    ///     match ctx.step("card", || by_card(order)).attempts(3).settled().await? {
    ///         Ok(receipt) => Ok(receipt),
    ///         Err(_refused) => ctx.step("invoice", || by_invoice(order)).await,
    ///     }
    /// }
    /// ```
    ///
    /// The [`Failure`] has the text of the error and its causes. Its class is lost: returned, it fails
    /// the job for good. Options of the step come before this.
    ///
    /// # Errors
    /// The step could not run, or its end not be recorded: not those of its effect. If the run was told
    /// to stop, at a shutdown for instance, an error of the effect is [`StepError::Stopped`]: nothing is
    /// recorded, and once the handler has passed it on, another run has the step again.
    pub fn settled(self) -> SettledStep<'a, F, V> {
        SettledStep(self)
    }
}

impl<F, V> SettledStep<'_, F, V> {
    async fn run<T, E, Fut>(self) -> Result<Result<T, Failure>, StepError>
    where
        V: ResultsOf<T>,
        T: Serialize + DeserializeOwned + Send,
        E: Into<Failure> + Send,
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let Step { ctx, plan, mut effect, .. } = self.0;
        let spot = plan.spot.clone();
        if let Some(before) = failed_before(ctx, &spot).await? {
            return Ok(Err(before));
        }
        let effect = || {
            let running = effect();
            async move { running.await.map_err(|error| Trouble::Failed(error.into())) }
        };
        match Step::<_, V>::new(ctx, plan, effect).run::<T, Trouble, _>().await {
            Ok(result) => Ok(Ok(result)),
            Err(Trouble::Step(error)) => Err(error),
            // Not the effect's failure: another run has it begin again.
            Err(Trouble::Failed(failure)) if ctx.is_cancelled() => {
                Err(StepError::stopped(&spot.name, failure))
            }
            Err(Trouble::Failed(failure)) => {
                let text = chain(&failure.into_error()).to_string();
                if let Some(line) = ctx.line(&spot).await? {
                    let note = Note::new(&spot, format!("!{text}").into_bytes());
                    line.record(Note { drop: spot.failures(), ..note }).await?;
                }
                Ok(Err(Failure::permanent(text)))
            }
        }
    }
}

/// How it failed in an earlier run.
async fn failed_before(ctx: &Context, spot: &Spot) -> Result<Option<Failure>, StepError> {
    let Some(line) = ctx.line(spot).await? else { return Ok(None) };
    if line.journal.get(&spot.field()).is_none_or(|entry| !entry.value.starts_with(b"!")) {
        return Ok(None);
    }
    let Some(entry) = line.find(spot).await? else { return Ok(None) };
    let text = String::from_utf8_lossy(entry.value.get(1..).unwrap_or_default()).into_owned();
    Ok(Some(Failure::permanent(text)))
}

impl<'a, T, E, F, Fut, V> IntoFuture for SettledStep<'a, F, V>
where
    V: ResultsOf<T> + 'a,
    T: Serialize + DeserializeOwned + Send + 'a,
    E: Into<Failure> + Send + 'a,
    F: FnMut() -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
{
    type Output = Result<Result<T, Failure>, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<F, V> fmt::Debug for SettledStep<'_, F, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettledStep").field("plan", &self.0.plan).finish_non_exhaustive()
    }
}
