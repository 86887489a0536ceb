//! Those of steps.

use super::{flows, push, unavailable};
use crate::{DurationExt as _, worker::StepError};

pub(super) fn results() -> String {
    every!(StepError, {
        StepError::Mismatch { .. } => StepError::mismatch("step \"pay\" is another one".to_owned()),
        StepError::Unreadable { .. } => StepError::unreadable("step \"pay\"", &unavailable()),
        StepError::TimedOut { .. } => StepError::timed_out("shipped"),
        StepError::Timeout { .. } => StepError::Timeout { step: "pay".to_owned(), limit: 3.seconds() },
        StepError::Children { .. } => {
            StepError::children(&flows::failed())
        },
        StepError::Full { .. } => StepError::full(),
        StepError::Undeclared { .. } => StepError::undeclared("charge"),
        StepError::Error(_) => unavailable().into(),
    })
}
