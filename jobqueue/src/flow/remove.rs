//! Forgetting a flow.

use super::handle::FlowHandle;
use crate::{client::Act, error::FlowError, store::flow::Remove};

impl<T> FlowHandle<T> {
    /// Forgets a flow that has ended, with its results. Jobs of its nodes that are kept stay in their
    /// queues. One that is gone already is fine.
    ///
    /// # Errors
    /// [`FlowError::WrongState`] if it has not ended: [cancel](Self::cancel) it first. Those of any
    /// call.
    pub async fn remove(&self) -> Result<(), FlowError> {
        let at = self.at();
        let act = Act::new("remove_flow", at.home.name()).on(&at.id);
        self.client().audited(act, self.forget()).await
    }

    async fn forget(&self) -> Result<(), FlowError> {
        let at = self.at();
        match at.home.call_retrying(&Remove { key: &at.key }).await? {
            Some(state) => Err(at.refused("remove", state)),
            None => Ok(()),
        }
    }
}
