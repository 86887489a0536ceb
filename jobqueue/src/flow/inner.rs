//! Nodes that are flows of their own.

use super::{
    build::Flow,
    node::Node,
    plan::{FlowPlan, Group, Of},
    prepare::{self, number},
    start::{self, Root},
};
use crate::{
    job::{Anything, HasInputs, OnChildFailure},
    value_error::Invalid,
};

impl Flow {
    /// A node that is a flow of its own: it begins when a job would, and ends when all its nodes have
    /// ended. Its result is that of its root.
    ///
    /// It lives in the home of this one, and has no id of its own. A deadline of it counts from when
    /// it begins. There are up to 100 levels of flows in flows.
    #[expect(clippy::needless_pass_by_value, reason = "both are used up")]
    pub fn flow<R: Root>(&self, inner: Self, root: R) -> Node<R::Output, Inner> {
        let inner_root = start::root(&root);
        let taken = prepare::take(inner.plan(), root.group());
        let mut plan = self.plan().lock();
        let inner = match taken.and_then(not_too_deep) {
            Ok(inner) => inner,
            Err(mistake) => {
                plan.mistake.get_or_insert(mistake);
                FlowPlan::new(None, OnChildFailure::Fail)
            }
        };
        plan.depth = plan.depth.max(inner.depth + 1);
        plan.groups.push(Group {
            of: Of::Flow { plan: Box::new(inner), root: inner_root },
            needs: Vec::new(),
            on_failure: None,
            delay: None,
            name: None,
        });
        Node::new(self.plan().clone(), number(plan.groups.len() - 1))
    }
}

/// How many levels of flows in flows there may be.
const DEEPEST: usize = 100;

fn not_too_deep(inner: FlowPlan) -> Result<FlowPlan, Invalid> {
    if inner.depth + 1 < DEEPEST {
        return Ok(inner);
    }
    let problem = format!("there are more than {DEEPEST} levels of flows in flows");
    Err(Invalid::setup(problem, "let their nodes wait for each other in one flow"))
}

/// In the place of a handler: the node is a flow.
#[derive(Debug)]
pub struct Inner(());

impl HasInputs for Inner {
    type Inputs = Anything;
}
