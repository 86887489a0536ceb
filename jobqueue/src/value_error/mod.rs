//! Floor 0: what can be wrong with a value by itself: invalid, unreadable, corrupt.

mod corrupt;
mod invalid;
mod payload;

pub use corrupt::Corrupt;
pub use invalid::Invalid;
pub(crate) use payload::MAX_RESULT;
pub use payload::{PayloadError, TooLarge};
