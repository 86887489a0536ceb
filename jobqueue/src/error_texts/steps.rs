//! Those of steps.

use super::{flows, push, unavailable};
use crate::{Codec, DurationExt as _, Failure, worker::StepError};

pub(super) fn results() -> String {
    every!(StepError, {
        StepError::Mismatch { .. } => StepError::mismatch("step \"pay\" is another one".to_owned()),
        StepError::Unreadable { .. } => {
            let problem = Codec::Json.decode::<u8>(b"[1]").expect_err("no number");
            StepError::unreadable(&problem.reading("result of step \"pay\""))
        },
        StepError::TimedOut { .. } => StepError::timed_out("shipped"),
        StepError::Timeout { .. } => StepError::Timeout { step: "pay".to_owned(), limit: 3.seconds() },
        StepError::Stopped { .. } => StepError::stopped("pay", Failure::retry("the gate is shut")),
        StepError::Children { .. } => {
            StepError::children(&flows::failed())
        },
        StepError::Full { .. } => StepError::full(),
        StepError::Undeclared { .. } => StepError::undeclared("charge"),
        StepError::Error(_) => unavailable().into(),
    })
}
