//! TODO-DOC.

mod listener;
mod subscriber;

pub use listener::Listener;
pub(crate) use listener::Listeners;
pub(crate) use subscriber::Subscriber;
