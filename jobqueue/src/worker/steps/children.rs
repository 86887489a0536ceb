//! Children that a running job adds, and for which it waits without a slot.

use std::{fmt, pin::Pin, time::Duration};

use serde::de::DeserializeOwned;

use super::{error::StepError, line::Busy, step::Step, wait::OptionalWait};
use crate::{
    error::{Error, FlowError},
    flow::{Root, build::Flow, start_child},
    job::FlowKey,
    value_error::Invalid,
    worker::run::Context,
};

/// A handler about to have children; see [`Context::spawn_children`].
#[must_use = "nothing is started until this is awaited"]
pub struct Children<'a, R, F> {
    ctx: &'a Context,
    name: String,
    key: Step<'a, F>,
    end: OptionalWait<'a, ()>,
    flow: Flow,
    root: R,
}

/// As good as for ever: a job that mustn't wait so long has a deadline.
const LONG: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

impl Context {
    /// Starts a flow, waits until it has ended, and gives its result. Meanwhile the job holds no slot
    /// and no lease, as in a [sleep](Self::sleep), and it costs no attempt.
    ///
    /// The flow is recorded as a [step](Self::step) of this name: later runs wait for the same flow,
    /// and don't start another. It lives in the job's own queue. The handler is declared with
    /// `#[job(steps)]`.
    ///
    /// ```
    /// # use jobqueue::{job, Context, Failure, Flow};
    /// # #[job] async fn render(page: u32) -> String { String::new() }
    /// #[job(queue = "reports", steps)]
    /// async fn report(pages: u32, ctx: Context) -> Result<usize, Failure> {
    ///     let flow = Flow::unnamed();
    ///     let all = flow.all(render, 1..=pages);
    ///     let pages: Vec<String> = ctx.spawn_children("pages", flow, all).await?;
    ///     Ok(pages.len())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`StepError::Children`] if the flow fails, which no other attempt of the job mends; those of a
    /// step.
    pub fn spawn_children<R: Root>(
        &self,
        name: impl Into<String>,
        flow: Flow,
        root: R,
    ) -> Children<'_, R, impl FnMut() -> std::future::Ready<Result<String, StepError>> + Send> {
        let name = name.into();
        let new = || std::future::ready(Ok(FlowKey::generate().as_str().to_owned()));
        let key = self.step(name.clone(), new);
        let end = self.wait_for(signal(&name), LONG).optional();
        Children { ctx: self, name, key, end, flow, root }
    }
}

/// The signal that tells the job of their end.
fn signal(name: &str) -> String {
    format!("children {name}")
}

impl<'a, R, F> Children<'a, R, F>
where
    R: Root,
    R::Output: DeserializeOwned,
    F: FnMut() -> std::future::Ready<Result<String, StepError>> + Send,
{
    async fn run(self) -> Result<R::Output, StepError> {
        let Self { ctx, name, key, end, flow, root } = self;
        let key: FlowKey = key.await?.parse().map_err(Error::from)?;
        // Nothing else that the handler waits for ends the run before they are started.
        let starting = Busy::new(ctx);
        let Some(shared) = ctx.shared() else {
            let advice = "test the handler with `jobqueue::testing`";
            let without = Invalid::setup("a job without a queue can't have children", advice);
            return Err(Error::from(without).into());
        };
        let signal = signal(&name);
        let job = (key.clone(), ctx.id(), signal.as_str());
        let handle = start_child(&shared.client, &shared.store, job, (flow, root)).await?;
        drop(starting);
        end.of_flow(key).await?;
        let _reading = Busy::new(ctx);
        handle.result().await.map_err(|error| match error {
            FlowError::Error(error) => StepError::Error(error),
            failed => StepError::children(&failed),
        })
    }
}

impl<'a, R, F> IntoFuture for Children<'a, R, F>
where
    R: Root + Send + 'a,
    R::Output: DeserializeOwned,
    F: FnMut() -> std::future::Ready<Result<String, StepError>> + Send + 'a,
{
    type Output = Result<R::Output, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<R, F> fmt::Debug for Children<'_, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("name", &self.name).finish_non_exhaustive()
    }
}
