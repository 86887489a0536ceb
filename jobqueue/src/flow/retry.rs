//! Running a flow again.

use super::handle::FlowHandle;
use crate::{
    client::Act,
    error::{Error, FlowError},
    job::{FlowState, Member},
    store::flow::{Retried, Retry, RetryFrom},
    value_error::Invalid,
};

impl<T> FlowHandle<T> {
    /// Runs a flow that has ended again: all of its nodes that didn't complete, whether they failed,
    /// were cancelled or had no turn. What has completed stays, and its results serve again.
    ///
    /// A node that is a flow runs again likewise. Each other node that runs again gets a job with an id of its own, and waits for those before it that
    /// do as well. A [deadline](crate::Flow::deadline) counts no more. Of the jobs that
    /// [follow](crate::Flow::on_complete) from the flow, those that were added are not added again;
    /// the one of its success is once it has any.
    ///
    /// # Errors
    /// [`FlowError::WrongState`] if it has not ended, or if all of it has completed;
    /// [`FlowError::Gone`] if it isn't kept any more; those of any call.
    pub async fn retry(&self) -> Result<(), FlowError> {
        self.run_again(RetryFrom::Nothing).await
    }

    /// The same, and this node runs again with all that comes after it, although they completed. It
    /// is called as for [`node_result`](Self::node_result); the name of many nodes means all of them.
    ///
    /// # Errors
    /// [`FlowError::NoNode`]; those of [`retry`](Self::retry), but that all of it may have completed.
    pub async fn retry_from(&self, node: impl AsRef<str>) -> Result<(), FlowError> {
        let named = self.at().named(node.as_ref()).await?;
        let group = named.number;
        self.run_again(match named.member {
            Some(number) => RetryFrom::Node(Member { group, number }),
            None => RetryFrom::Group(group),
        })
        .await
    }

    async fn run_again(&self, from: RetryFrom) -> Result<(), FlowError> {
        let at = self.at();
        let act = Act::new("retry_flow", at.home.name()).on(&at.id);
        self.client().audited(act, self.send_retry(from)).await
    }

    async fn send_retry(&self, from: RetryFrom) -> Result<(), FlowError> {
        let at = self.at();
        let retried = at.home.call_retrying(&Retry { key: &at.key, from }).await?;
        self.client().relays().start(at.home.name());
        match retried {
            Retried::Runs => Ok(()),
            Retried::Nothing => Err(at.refused("retry", FlowState::Completed)),
            Retried::Unknown => Err(at.gone()),
            Retried::Inner => {
                let problem = format!("flow {} is a node of another flow", at.id);
                Err(Error::from(Invalid::setup(problem, "retry that one")).into())
            }
            Retried::Running => Err(at.refused("retry", at.record().await?.state)),
        }
    }
}
