//! Flows: jobs that wait for jobs. [The guide](crate::docs::flows) explains them.
//!
//! | file | what it has |
//! | --- | --- |
//! | `build`, `node`, `upstream`, `inner`, `publish`, `plan` | a flow that is put together |
//! | `start`, `prepare`, `stage` | how it is checked, staged and started |
//! | `child` | a flow that a running job waits for |
//! | `handle` | a flow that was started: its result |
//! | `ends` | how nodes ended, and their results put together |
//! | `inputs`, `own` | what a node gets of those that it waited for, and knows of its flow |
//! | `cancel`, `retry`, `remove` | what becomes of a flow afterwards |
//! | `info`, `nodes`, `queues`, `graph`, `results`, `stuck`, `events` | what is read of it |
//! | `at`, `stream` | a flow where it stands, and what is read of it page by page |

mod at;
// Users find `Flow` and `FlowHandle` at the crate's root, and there alone.
pub(crate) mod build;
mod cancel;
mod child;
mod ends;
mod events;
mod graph;
pub(crate) mod handle;
mod info;
mod inner;
mod inputs;
mod node;
mod nodes;
mod own;
mod plan;
mod prepare;
mod publish;
mod queues;
mod remove;
mod results;
mod retry;
mod stage;
mod start;
mod stream;
mod stuck;
mod upstream;
mod written;

pub use crate::{
    error::result::FlowError,
    job::{Anything, Exactly, FlowId, FlowState, HasInputs, OnChildFailure, Takes},
};

pub use cancel::CancelFlow;
pub(crate) use child::start_child;
pub use events::FlowEvent;
pub use graph::{FlowGraph, GraphNode, PathStep};
pub use info::{FlowInfo, FlowSummary};
pub use inner::Inner;
pub use inputs::Inputs;
pub(crate) use inputs::gather;
pub use node::{Node, Nodes};
pub use nodes::NodeInfo;
pub use own::FlowNode;
pub use publish::Copies;
pub use start::Root;
pub use stream::FlowStream;
pub use stuck::Blocker;
pub use upstream::{Settled, Upstream};
