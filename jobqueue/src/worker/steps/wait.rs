//! Waiting for signals.

use std::{fmt, marker::PhantomData, pin::Pin, time::Duration};

use serde::de::DeserializeOwned;

use super::{
    error::StepError,
    line::{Note, Recorder},
};
use crate::{
    error::Error,
    job::{Codec, FlowKey},
    store::job::{ExpectSignal, Expected, Until},
    worker::run::{Context, Part, Spot, as_worker, number},
};

/// How long a run waits for another that starts a flow again. More than a wait that keeps its slot.
const LOST: Duration = Duration::from_secs(2);

/// A handler about to wait for a signal; see [`Context::wait_for`].
#[must_use = "nothing is waited for until this is awaited"]
pub struct WaitFor<'a, T> {
    ctx: &'a Context,
    spot: Spot,
    time: Duration,
    /// The flow whose end it is, if it is one's.
    flow: Option<FlowKey>,
    output: PhantomData<fn() -> T>,
}

/// The same for a handler that goes on without it; see [`WaitFor::optional`].
#[must_use = "nothing is waited for until this is awaited"]
#[derive(Debug)]
pub struct OptionalWait<'a, T>(WaitFor<'a, T>);

impl Context {
    /// Waits for a [signal](crate::JobHandle::signal) of this name, for this long at most, and
    /// gives its value. One that came before is taken at once; several of a name are taken in the
    /// order in which they came. The job waits as in a [sleep](Self::sleep): without a slot or a
    /// lease, and at no cost of an attempt.
    ///
    /// In a test of a handler without Redis it takes the signals that the test
    /// has given to the context, and doesn't wait.
    ///
    /// What has come of it is recorded: later runs get the same value, or are told again that the
    /// time is over, which is [`StepError::TimedOut`].
    ///
    /// ```
    /// # use jobqueue::{job, Context, DurationExt, Failure};
    /// #[job(queue = "orders", steps)]
    /// async fn hand_over(order: u64, ctx: Context) -> Result<String, Failure> {
    ///     let by: Option<String> = ctx.wait_for("approved", 7.days()).optional().await?;
    ///     Ok(by.unwrap_or_else(|| format!("nobody has approved of order {order}")))
    /// }
    /// ```
    pub fn wait_for<T: DeserializeOwned>(
        &self,
        name: impl Into<String>,
        time: Duration,
    ) -> WaitFor<'_, T> {
        let spot = self.spot(Part::Wait, name.into());
        WaitFor { ctx: self, spot, time, flow: None, output: PhantomData }
    }
}

impl<'a, T: DeserializeOwned> WaitFor<'a, T> {
    /// Gives `None` if the signal doesn't come in time.
    pub fn optional(self) -> OptionalWait<'a, T> {
        OptionalWait(self)
    }

    async fn run(self) -> Result<Option<T>, StepError> {
        let Self { ctx, spot, time, flow, .. } = self;
        let Some(line) = ctx.line(&spot).await? else {
            let given = ctx.steps().and_then(|steps| steps.given(&spot.name));
            return given.map(|signal| read_alone(&spot, &signal)).transpose();
        };
        let until = match line.find(&spot).await? {
            None => Until::In(time),
            Some(entry) => match entry.value.split_first() {
                Some((b't', signal)) => {
                    return Ok(Some(line.read_signal(&spot, behind_line(signal))?));
                }
                Some((b'w', until)) => Until::At(number(until).map_err(Error::from)?),
                _ => return Ok(None),
            },
        };
        line.goes_on().await;
        let is_over = matches!(until, Until::At(until) if line.journal.is_over(until));
        match expect(&line, &spot, (until, is_over), flow.as_ref()).await? {
            Expected::Signal(signal) => match line.read_signal(&spot, &signal) {
                Ok(signal) => Ok(Some(signal)),
                Err(error) => {
                    // Another may follow: a run that is retried waits as long again.
                    let until = line.journal.after(time);
                    line.record(Note::new(&spot, format!("w{until}").into_bytes())).await?;
                    Err(error)
                }
            },
            Expected::Over => Ok(None),
            Expected::Full => Err(StepError::full()),
            Expected::NoFlow => {
                // The server has lost it, as in a failover. The next run starts it again.
                line.wait(line.journal.after(LOST), None).await;
                Ok(None)
            }
            Expected::Waits(until) => {
                line.wait(until, Some(&spot.name)).await;
                // A wait for a signal always ends in another run.
                Ok(None)
            }
        }
    }
}

impl<T> OptionalWait<'_, T> {
    /// The signal tells of the end of this flow in the job's queue. If that has ended it isn't waited
    /// for: it is gone with the end of a job that runs again.
    pub(super) fn of_flow(mut self, flow: FlowKey) -> Self {
        self.0.flow = Some(flow);
        self
    }
}

/// Of a test without Redis.
fn read_alone<T: DeserializeOwned>(spot: &Spot, signal: &[u8]) -> Result<T, StepError> {
    let read = Codec::MessagePack.decode(signal);
    read.map_err(|error| StepError::unreadable(&error.reading(spot)))
}

/// The signal's value, behind a line feed.
fn behind_line(bytes: &[u8]) -> &[u8] {
    bytes.get(1..).unwrap_or_default()
}

async fn expect(
    line: &Recorder<'_>,
    spot: &Spot,
    (until, is_over): (Until, bool),
    flow: Option<&FlowKey>,
) -> Result<Expected, StepError> {
    let Spot { name, place, .. } = spot;
    let (id, place, field) = (line.ctx.id(), *place, &spot.field());
    // If this is dropped, the signal is recorded all the same, and the next run finds it.
    let expected = as_worker(line.ctx, |worker| async move {
        let call = ExpectSignal { worker: &worker, id, field, place, name, until, is_over, flow };
        line.shared.store.call_retrying(&call).await
    });
    Ok(expected.await?)
}

impl<'a, T: DeserializeOwned + Send + 'a> IntoFuture for WaitFor<'a, T> {
    type Output = Result<T, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let name = self.spot.name.clone();
            self.run().await?.ok_or_else(|| StepError::timed_out(&name))
        })
    }
}

impl<'a, T: DeserializeOwned + Send + 'a> IntoFuture for OptionalWait<'a, T> {
    type Output = Result<Option<T>, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.run())
    }
}

impl<T> fmt::Debug for WaitFor<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").field("name", &self.spot.name).field("time", &self.time).finish()
    }
}
