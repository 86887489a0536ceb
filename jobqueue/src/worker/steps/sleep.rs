//! Sleeping without a slot.

use std::{pin::Pin, time::Duration};

use chrono::{DateTime, Utc};

use super::{error::StepError, line::Note};
use crate::{
    job::LATEST,
    worker::run::{Context, Part, Spot, number},
};

/// A handler about to sleep; see [`Context::sleep`].
#[must_use = "nothing sleeps until it is awaited"]
#[derive(Debug)]
pub struct Sleep<'a> {
    ctx: &'a Context,
    spot: Spot,
    time: Time,
}

#[derive(Clone, Copy, Debug)]
enum Time {
    In(Duration),
    At(DateTime<Utc>),
}

impl Context {
    /// Sleeps for this long, from when a run first comes here, by the server's clock. The run ends,
    /// and its job waits without a slot or a lease, as a delayed one; then the handler runs again,
    /// gets what its [steps](Self::step) have recorded, and goes on behind this. No attempt counts.
    /// A sleep of a second or less keeps its slot.
    ///
    /// Whatever is restarted meanwhile, it ends at its time. [`promote`](crate::JobHandle::promote)
    /// ends it at once. Of a job whose [deadline](crate::Add::deadline) lies before that, the run
    /// fails as if its time were over.
    ///
    /// In a test of a handler without Redis it ends at once.
    pub fn sleep(&self, time: Duration) -> Sleep<'_> {
        self.sleeps(Time::In(time))
    }

    /// Sleeps until this time; see [`sleep`](Self::sleep).
    pub fn sleep_until(&self, time: DateTime<Utc>) -> Sleep<'_> {
        self.sleeps(Time::At(time))
    }

    fn sleeps(&self, time: Time) -> Sleep<'_> {
        Sleep { ctx: self, spot: self.spot(Part::Sleep, String::new()), time }
    }
}

impl Sleep<'_> {
    async fn run(self) -> Result<(), StepError> {
        let Self { ctx, spot, time } = self;
        let Some(line) = ctx.line(&spot).await? else { return Ok(()) };
        if let Some(entry) = line.find(&spot).await? {
            let until = number(&entry.value).map_err(crate::error::Error::from)?;
            if !line.journal.is_over(until) {
                line.wait(until, None).await;
            } else if !line.journal.has_come(until) {
                // An operator has ended this one alone.
                line.record(Note::new(&spot, b"0".to_vec())).await?;
            }
            return Ok(());
        }
        let until = match time {
            Time::In(time) => {
                let note = Note { due_in: Some(time), ..Note::new(&spot, Vec::new()) };
                line.record(note).await?
            }
            Time::At(time) => {
                let ms = u64::try_from(time.timestamp_millis()).unwrap_or(0).min(LATEST);
                line.record(Note::new(&spot, ms.to_string().into_bytes())).await?;
                ms
            }
        };
        if !line.journal.has_come(until) {
            line.wait(until, None).await;
        }
        Ok(())
    }
}

impl<'a> IntoFuture for Sleep<'a> {
    type Output = Result<(), StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
