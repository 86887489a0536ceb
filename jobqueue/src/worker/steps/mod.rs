//! Steps: a handler's parts, whose results are recorded. See [`docs::steps`](crate::docs::steps).

mod children;
mod compensation;
mod each;
mod error;
mod line;
mod settled;
mod sleep;
mod step;
mod versions;
mod wait;

pub use children::Children;
pub use each::{Each, EachItem};
pub use error::{StepError, TakesStepError};
pub use settled::SettledStep;
pub use sleep::Sleep;
pub use step::Step;
pub use versions::{ByVersion, Plain, ResultsOf};
pub use wait::{OptionalWait, WaitFor};
