//! TODO-DOC.

mod listener;
mod subscriber;

pub(crate) use listener::Ears;
pub use listener::Listener;
pub(crate) use subscriber::Radio;
