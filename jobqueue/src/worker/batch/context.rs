//! The context of a batch, and what its handler may ask for.

use std::{iter, sync::Arc, time::Duration};

use crate::{
    job::{Failure, JobName, QueueName},
    worker::{
        extract::State,
        run::Context,
        states::{MissingState, States},
    },
};

/// One run of a batch: the [`Context`] of each of its jobs, in the order of their payloads.
///
/// ```
/// use jobqueue::{handler::BatchContext, Failure, job};
///
/// #[job(batch(max = 50, wait = "200ms"))]
/// async fn index(pages: Vec<String>, ctx: BatchContext) -> Vec<Result<usize, Failure>> {
///     let mut done = Vec::new();
///     for (page, job) in pages.iter().zip(ctx.jobs()) {
///         done.push(match job.is_cancelled() {
///             true => Err(Failure::retry("stopped")),
///             false => Ok(page.len()),
///         });
///     }
///     done
/// }
/// ```
///
/// A test that calls such a handler collects contexts into one.
#[derive(Clone, Debug)]
pub struct BatchContext(Arc<[Context]>);

impl FromIterator<Context> for BatchContext {
    fn from_iter<I: IntoIterator<Item = Context>>(contexts: I) -> Self {
        Self(contexts.into_iter().collect())
    }
}

impl BatchContext {
    /// The contexts of its jobs: their ids, attempts, headers, progress, cancellation.
    #[must_use]
    pub fn jobs(&self) -> &[Context] {
        &self.0
    }

    /// How many jobs it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none, as only a test makes it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The group of its first job: that of all, if batches are made [by
    /// group](crate::handler::Batching::by_group).
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.0.first()?.group()
    }

    /// The handler's name.
    #[must_use]
    pub fn name(&self) -> Option<&JobName> {
        self.0.first().map(Context::name)
    }

    /// The queue of its jobs. `None` in a test of a handler without Redis.
    #[must_use]
    pub fn queue(&self) -> Option<&QueueName> {
        self.0.first()?.queue()
    }

    /// Whether nobody waits for any of its jobs here: all are cancelled, lost, out of time, or the
    /// worker stops. If it is some of them, [their contexts](Self::jobs) say so.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.iter().all(Context::is_cancelled)
    }

    /// Waits until nobody waits for any of its jobs here.
    pub async fn cancelled(&self) {
        for job in &*self.0 {
            job.cancelled().await;
        }
    }

    /// How long the job has left whose timeout is over first; none if none has a timeout.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.0.iter().filter_map(Context::time_left).min()
    }

    /// Of one job.
    pub(crate) fn of(ctx: Context) -> Self {
        iter::once(ctx).collect()
    }

    fn states(&self) -> Option<&States> {
        self.0.first().map(Context::states)
    }
}

/// A type that a batch handler may ask for after its payloads.
///
/// [`BatchContext`] and [`State`] are such types; your own are made from those, as those of other
/// handlers are by [`FromContext`](crate::handler::FromContext).
#[diagnostic::on_unimplemented(
    message = "a batch handler can't ask for `{Self}`",
    label = "not an extractor of batches",
    note = "the first argument is a `Vec` of payloads; further ones are `BatchContext`, which has the `Context` of each job, \
            `State<T>`, or a type that implements `FromBatch`"
)]
pub trait FromBatch: Sized + Send {
    /// Checks that the worker has the state that this needs; called when the worker is built.
    ///
    /// # Errors
    /// The state that is missing.
    fn check(states: &States) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }

    /// Makes the value for one batch. A failure is one of the whole batch.
    fn from_batch(ctx: &BatchContext) -> impl Future<Output = Result<Self, Failure>> + Send;
}

impl FromBatch for BatchContext {
    async fn from_batch(ctx: &BatchContext) -> Result<Self, Failure> {
        Ok(ctx.clone())
    }
}

impl<T: Clone + Send + Sync + 'static> FromBatch for State<T> {
    fn check(states: &States) -> Result<(), MissingState> {
        states.get::<T>().map(drop)
    }

    async fn from_batch(ctx: &BatchContext) -> Result<Self, Failure> {
        let states = ctx.states().ok_or_else(|| Failure::permanent("the batch has no job"))?;
        Ok(Self(states.get::<T>().map_err(Failure::permanent)?.clone()))
    }
}
