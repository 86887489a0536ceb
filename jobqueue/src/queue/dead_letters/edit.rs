//! Editing a dead letter.

use std::{future::IntoFuture, pin::Pin};

use serde::Serialize;

use super::{DeadLetters, dead_letter_of};
use crate::{
    error::Result,
    job::{JobId, JobInfo},
    queue::revise::Revision,
    value_error::Invalid,
};

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
/// it, [`Refused::Conflict`] if others keep changing it; [`Error::Payload`] if the payload can't be written, [`Error::Invalid`] for a version of 0.
///
/// [`Error::Invalid`]: crate::Error::Invalid
/// [`Error::Payload`]: crate::Error::Payload
/// [`Refused::Conflict`]: crate::error::Refused::Conflict
/// [`Refused::NotFound`]: crate::error::Refused::NotFound
/// [`Refused::WrongState`]: crate::error::Refused::WrongState
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
        if version == Some(0) {
            return Err(Invalid::new("version", 0, "use 1 or more, since 1 is the first").into());
        }
        let revision = Revision { id: &id, action: "edit a dead letter", only_waiting: false };
        let change = |info: &JobInfo| {
            let Some(dead_letter) = dead_letter_of(info) else { return Ok(None) };
            Ok(Some(dead_letter.with_payload(payload, version)?.to_record()?))
        };
        dead_letters.queue().revise(revision, change).await
    }
}

impl<'a, T: Serialize + Sync + ?Sized> IntoFuture for Edit<'a, T> {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (queue, id) = (self.dead_letters.queue().clone(), self.id.clone());
            queue.audited("edit_letter", Some(&id), self.run()).await
        })
    }
}
