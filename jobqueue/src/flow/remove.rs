//! Forgetting a flow.

use super::handle::FlowHandle;
use crate::{
    client::Act,
    error::{Error, FlowError},
    store::flow::{Remove, Removed},
    value_error::Invalid,
};

impl<T> FlowHandle<T> {
    /// Forgets a flow that has ended, with its results. Jobs of its nodes that are kept stay in their
    /// queues. One that is gone already is fine.
    ///
    /// # Errors
    /// [`FlowError::WrongState`] if it has not ended: [cancel](Self::cancel) it first.
    /// [`Error::Invalid`] if it is a node of another flow, or a job has waited for it: it goes with that.
    /// Those of any call.
    pub async fn remove(&self) -> Result<(), FlowError> {
        let at = self.at();
        let act = Act::new("remove_flow", at.home.name()).on(&at.id);
        self.client().audited(act, self.forget()).await
    }

    async fn forget(&self) -> Result<(), FlowError> {
        let at = self.at();
        let (of, advice) = match at.home.call_retrying(&Remove { key: &at.key }).await? {
            Removed::Gone => return Ok(()),
            Removed::Runs(state) => return Err(at.refused("remove", state)),
            Removed::Node => ("is a node of another flow", "remove that one"),
            Removed::Children => ("is that of a job's children", "remove the job"),
        };
        let problem = format!("flow {} {of}, and goes with it", at.id);
        Err(Error::from(Invalid::setup(problem, advice)).into())
    }
}
