//! Cancelling a flow.

use std::{future::IntoFuture, pin::Pin};

use super::{at::FlowAt, handle::FlowHandle};
use crate::{
    client::{Act, Client},
    error::{Error, FlowError},
    job::CancelMark,
    queue::cancel_setters,
    store::flow::{Cancel, CancelledFlow},
};

impl<T> FlowHandle<T> {
    /// Cancels the flow: set options, then await it.
    ///
    /// Nodes that haven't begun are dropped, jobs that wait end as cancelled, and those that run are
    /// told to stop, as by [`JobHandle::cancel`](crate::JobHandle::cancel). The flow is
    /// [`Cancelling`](crate::flow::FlowState::Cancelling) until the last of them has ended.
    ///
    /// ```no_run
    /// # async fn example(flow: jobqueue::FlowHandle<()>) -> Result<(), jobqueue::flow::FlowError> {
    /// flow.cancel().by("ops").reason("the report isn't wanted any more").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&self) -> CancelFlow {
        CancelFlow { client: self.client().clone(), at: self.at(), mark: CancelMark::default() }
    }
}

/// A flow about to be cancelled; see [`FlowHandle::cancel`].
///
/// # Errors
/// [`FlowError::WrongState`] if it has ended, [`FlowError::Gone`] if it isn't kept any more, and those
/// of any call.
#[must_use = "the flow is cancelled when this is awaited"]
#[derive(Clone, Debug)]
pub struct CancelFlow {
    client: Client,
    at: FlowAt,
    mark: CancelMark,
}

impl CancelFlow {
    cancel_setters!(mark);

    async fn run(self) -> Result<(), FlowError> {
        let Self { client, at, mark } = &self;
        mark.validate().map_err(Error::from)?;
        let cancel = Cancel { key: &at.key, mark: &mark.encode() };
        let cancelled = at.home.call_retrying(&cancel).await?;
        client.relays().start(at.home.name());
        match cancelled {
            CancelledFlow::Ends => Ok(()),
            CancelledFlow::Unknown => Err(at.gone()),
            CancelledFlow::Ended => Err(at.refused("cancel", at.record().await?.state)),
        }
    }
}

impl IntoFuture for CancelFlow {
    type Output = Result<(), FlowError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, at) = (self.client.clone(), self.at.clone());
            let act = Act::new("cancel_flow", at.home.name()).on(&at.id);
            client.audited(act, self.run()).await
        })
    }
}
