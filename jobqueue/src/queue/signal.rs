//! Signals to a job.

use serde::Serialize;

use super::job_handle::JobHandle;
use crate::{
    client::Client,
    error::Result,
    job::Codec,
    store::job::Signal,
    value_error::{Invalid, TooLarge},
};

/// The most bytes of a signal.
const MAX_SIGNAL: usize = 1 << 16;

/// The longest name, in bytes.
const MAX_NAME: usize = 128;

/// What a signal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signalled {
    /// The job waited for it, and is ready to go on.
    Woke,
    /// It is kept until the job waits for it.
    Kept,
}

impl Client {
    /// Sends a job a value for which it [waits](crate::Context::wait_for), or will: as
    /// [`JobHandle::signal`], which says more. The handle of a job that another process has added is
    /// `client.queue("orders")?.job(&id)`.
    ///
    /// # Errors
    /// Those of [`JobHandle::signal`].
    pub async fn signal<T, V: Serialize + ?Sized>(
        &self,
        job: &JobHandle<T>,
        name: &str,
        value: &V,
    ) -> Result<Signalled> {
        let job = self.queue(job.queue().name())?.job(job.id().clone());
        job.signal(name, value).await
    }
}

impl<T> JobHandle<T> {
    /// Sends the job a value for which it [waits](crate::Context::wait_for), or will: it is kept until
    /// a wait takes it, and taken once. Several of a name are kept in their order, and 100 at most of
    /// a job. A value has 64 KiB at most.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue, id: jobqueue::JobId) -> jobqueue::Result<()> {
    /// orders.job(&id).signal("approved", "Ada").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nobody asks whether the job's handler ever waits for it: it goes with the job.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if the job has been removed, [`Refused::WrongState`] if it has ended,
    /// [`Refused::SignalsFull`] if as many are kept as may be.
    ///
    /// [`Refused::NotFound`]: crate::error::Refused::NotFound
    /// [`Refused::WrongState`]: crate::error::Refused::WrongState
    /// [`Refused::SignalsFull`]: crate::error::Refused::SignalsFull
    pub async fn signal<V: Serialize + ?Sized>(&self, name: &str, value: &V) -> Result<Signalled> {
        if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
            let advice = "use 1 to 128 bytes without control characters";
            return Err(Invalid::new("name of a signal", name, advice).into());
        }
        // The byte says how it is written.
        let mut bytes = vec![b'm'];
        bytes.append(&mut Codec::MessagePack.encode(value)?);
        if bytes.len() > MAX_SIGNAL {
            let what = format!("the signal {name:?}");
            return Err(TooLarge::returned(what, bytes.len(), MAX_SIGNAL).into());
        }
        let signal = Signal { id: self.id(), name, value: &bytes };
        let woke = self.queue().store().call_retrying(&signal).await?;
        Ok(if woke { Signalled::Woke } else { Signalled::Kept })
    }
}
