//! Flows: jobs that wait for jobs. [The guide](crate::docs::flows) explains them.
//!
//! | file | what it has |
//! | --- | --- |
//! | `build`, `node`, `upstream`, `plan` | a flow that is put together |
//! | `start`, `prepare`, `stage` | how it is checked, staged and started |
//! | `child` | a flow that a running job waits for |
//! | `handle` | a flow that was started: its result |
//! | `ends` | how nodes ended, and their results put together |
//! | `inputs` | what a node gets of those that it waited for |

mod build;
mod child;
mod ends;
mod handle;
mod inputs;
mod node;
mod plan;
mod prepare;
mod stage;
mod start;
mod upstream;

pub use crate::{
    error::FlowError,
    job::{Anything, Exactly, FlowId, HasInputs, OnChildFailure, Takes},
};

pub use build::{Flow, Inner};
pub(crate) use child::start_child;
pub use handle::FlowHandle;
pub use inputs::Inputs;
pub(crate) use inputs::gather;
pub use node::{Node, Nodes};
pub use start::Root;
pub use upstream::{Settled, Upstream};
