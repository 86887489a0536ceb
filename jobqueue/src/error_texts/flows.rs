//! Errors of flows and of calls.

use super::{failure, name, push, queue, reason, unavailable};
use crate::{
    DurationExt as _,
    error::{CallError, FlowError},
    job::{FlowId, FlowState},
};

macro_rules! of_flow {
    ($variant:ident $(, $field:ident: $value:expr)*) => {
        FlowError::$variant { home: queue(), id: FlowId::from_store("report-42"), $($field: $value),* }
    };
}

fn node() -> String {
    "pages 3".to_owned()
}

pub(super) fn results() -> String {
    every!(FlowError, {
        FlowError::Failed { .. } => of_flow!(Failed, node: node(), failure: failure()),
        FlowError::Cancelled { .. } => of_flow!(Cancelled),
        FlowError::Gone { .. } => of_flow!(Gone),
        FlowError::Deadline { .. } => of_flow!(Deadline),
        FlowError::WrongState { .. } => {
            of_flow!(WrongState, action: "remove", state: FlowState::Running)
        },
        FlowError::NoNode { .. } => of_flow!(NoNode, node: node()),
        FlowError::Pending { .. } => of_flow!(Pending, node: node()),
        FlowError::Error(_) => unavailable().into(),
    })
}

/// One that a job's children have failed with.
pub(super) fn failed() -> FlowError {
    of_flow!(Failed, node: node(), failure: failure())
}

pub(super) fn calls() -> String {
    every!(CallError, {
        CallError::Failed { .. } => {
            CallError::Failed { queue: queue(), name: name(), failure: failure() }
        },
        CallError::Cancelled { .. } => {
            CallError::Cancelled { queue: queue(), name: name(), reason: reason() }
        },
        CallError::TimedOut { .. } => {
            CallError::TimedOut { queue: queue(), name: name(), limit: 30.seconds() }
        },
        CallError::Error(_) => unavailable().into(),
    })
}
