//! The flow whose node a run's job is.

use super::run::Context;
use crate::{flow::FlowNode, job::NodeAddress};

impl Context {
    /// The node of a [flow](crate::flow) that the job is; `None` of any other job.
    #[must_use]
    pub fn flow(&self) -> Option<FlowNode> {
        let home = self.record().options.reply_to.as_ref()?.home()?;
        let node = NodeAddress::of(self.id())?;
        Some(FlowNode::new(self.shared()?.relays.home(home), node))
    }
}
