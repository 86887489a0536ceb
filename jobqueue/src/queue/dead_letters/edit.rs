//! Editing a dead letter.

use std::{future::IntoFuture, pin::Pin};

use serde::Serialize;

use super::{DeadLetters, dead_letter_of};
use crate::{
    error::{Error, Operation, Refused, Result},
    job::JobId,
    store::job,
    value_error::Invalid,
};

/// How often an edit is repeated because another edit came first.
const TRIES: usize = 5;

impl DeadLetters {
    /// Gives the job of a dead letter another payload, with which it goes back; `id` is the dead
    /// letter's id in this queue. Set options, then await it.
    ///
    /// A type with [`Extra`](crate::payload::Extra) keeps the fields that it doesn't know.
    ///
    /// ```no_run
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Order { amount: u32 }
    /// # async fn example(
    /// #     dead: jobqueue::dead_letter::DeadLetters,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// for (id, dead_letter) in dead.page(0, 100).await? {
    ///     let mut order: Order = dead_letter.payload()?;
    ///     order.amount = order.amount.min(1_000);
    ///     dead.edit(&id, &order).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn edit<'a, T>(&self, id: impl Into<JobId>, payload: &'a T) -> Edit<'a, T>
    where
        T: Serialize + Sync + ?Sized,
    {
        Edit { dead_letters: self.clone(), id: id.into(), payload, version: None }
    }
}

/// A new payload for the job of a dead letter; see [`DeadLetters::edit`].
///
/// # Errors
/// [`Refused::NotFound`] if there is no such dead letter, [`Refused::WrongState`] if a handler runs
/// it; [`Error::Payload`] if the payload can't be written, [`Error::Invalid`] for a version of 0.
#[must_use = "the dead letter is edited when this is awaited"]
#[derive(Debug)]
pub struct Edit<'a, T: ?Sized> {
    dead_letters: DeadLetters,
    id: JobId,
    payload: &'a T,
    version: Option<u32>,
}

impl<'a, T: Serialize + Sync + ?Sized> Edit<'a, T> {
    /// The version of the new payload, for a payload that was
    /// [upgraded](crate::dead_letter::DeadLetter::upgraded): `.version(Order::VERSION)`. By default
    /// it is the version of the old one.
    pub fn version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    async fn run(self) -> Result<()> {
        let Self { dead_letters, id, payload, version } = self;
        let queue = dead_letters.queue();
        if version == Some(0) {
            return Err(Invalid::new("version", 0, "use 1 or more, since 1 is the first").into());
        }
        for _ in 0..TRIES {
            let missing = || Refused::NotFound { queue: queue.name().clone(), id: id.clone() };
            let info = queue.info_of(&id).await?.ok_or_else(missing)?;
            let dead_letter = dead_letter_of(&info).ok_or_else(missing)?;
            let new = dead_letter.with_payload(payload, version)?.to_record()?.encode();
            let old = info.record.encode();
            if queue
                .store()
                .call_retrying(&job::Edit { id: &id, old: &old, new: &new, only_waiting: false })
                .await?
            {
                return Ok(());
            }
            // Somebody else has edited it meanwhile.
        }
        let operation = Operation::on_job("edit a dead letter", queue.name(), &id);
        Err(Error::unavailable(operation, "others edit it at the same time"))
    }
}

impl<'a, T: Serialize + Sync + ?Sized> IntoFuture for Edit<'a, T> {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
