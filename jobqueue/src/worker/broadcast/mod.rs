//! Broadcasts, on the worker's side: its listeners, and the subscription that feeds them.

mod listener;
mod subscriber;

pub use listener::Listener;
pub(crate) use listener::Listeners;
pub(crate) use subscriber::Subscriber;
