//! Flows, and jobs of several steps: trees, graphs, batches, children of jobs, waits for signals.
//!
//! | file | what |
//! | --- | --- |
//! | `mod` | what is started, as data |
//! | `draw` | those of a seed |
//! | `handlers` | what runs |
//! | `start` | what producers and an operator do |
//! | `found` | how each stands in the end |

mod draw;
mod found;
pub(crate) mod handlers;
mod start;

use crate::plan::Act;

pub(crate) use self::{
    draw::draw,
    found::{FlowFound, read},
    start::{begin, bind, operate},
};

/// The first of the tokens of leaves; those of a flow are in a row.
const FIRST: u32 = 3_000_000;

/// The topic of messages in flows.
pub(crate) const TOPIC: &str = "asked";

/// The most tokens of a flow.
const TOKENS: u32 = 100;

/// What is started.
#[derive(Clone, Debug)]
pub struct FlowPlan {
    /// Which producer starts it.
    pub producer: usize,
    /// What it is, and what follows from what.
    pub shape: Shape,
    /// What its leaves do, and how long each takes in ms.
    pub leaves: Vec<(Act, u64)>,
    /// Its number, from 0: no other has it.
    pub number: u32,
}

/// What a flow looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Leaves, and a node that waits for all: a leaf that fails, fails it.
    Tree,
    /// The same, but the node sees failures and runs.
    Seeing,
    /// A leaf, two nodes that wait for it, and one that waits for these.
    Graph,
    /// Leaves in the home of others, and jobs that follow.
    Batch,
    /// A tree whose leaves are a flow of their own.
    Nested,
    /// A message to a topic to which leaves are bound, and a node that waits for the answer.
    Asking,
    /// A job with steps: it sleeps, has leaves as its children, and goes on.
    Parent,
    /// A job with steps: it sleeps so many ms, and waits for a signal that comes so many ms after it
    /// was added.
    Steps(u64, u64),
}

/// What an operator does with them.
#[derive(Clone, Copy, Debug)]
pub enum FlowOperation {
    /// Cancels the flow of a number.
    Cancel(u32),
    /// Runs it again.
    Retry(u32),
}

impl FlowPlan {
    /// Its id, or that of its job.
    #[must_use]
    pub fn id(&self) -> String {
        format!("flow-{}", self.number)
    }

    /// Its job, of one that is a job.
    fn job(&self) -> jobqueue::Result<jobqueue::JobId> {
        Ok(self.id().parse()?)
    }

    /// Whether it is a job, and no flow.
    #[must_use]
    pub fn is_job(&self) -> bool {
        matches!(self.shape, Shape::Parent | Shape::Steps(..))
    }

    /// The token of a leaf; of what isn't a leaf it is that behind the last.
    #[must_use]
    pub fn token(&self, leaf: usize) -> u32 {
        FIRST + self.number * TOKENS + u32::try_from(leaf).unwrap_or(TOKENS)
    }

    /// The token of what stands above the leaves.
    #[must_use]
    pub fn top(&self) -> u32 {
        self.token(self.leaves.len())
    }

    /// The queue where it stands.
    #[must_use]
    pub fn home(&self) -> &'static str {
        match self.shape {
            Shape::Parent | Shape::Steps(..) => "parents",
            // Of one without a root, that of its first node.
            Shape::Batch => "leaves",
            Shape::Tree | Shape::Seeing | Shape::Graph | Shape::Nested | Shape::Asking => "tops",
        }
    }

    /// Whether no leaf fails for good.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let fails = |act: &Act| matches!(act, Act::FailForGood | Act::FailAlways);
        !self.leaves.iter().any(|(act, _)| fails(act))
    }

    /// Whether it completes in the end, if nobody cancels it.
    #[must_use]
    pub fn completes(&self) -> bool {
        self.is_well() || self.shape == Shape::Seeing
    }
}
