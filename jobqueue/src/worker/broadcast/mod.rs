//! Broadcasts, on the worker's side: its listeners, and the subscription that feeds them.

mod listener;
mod subscriber;

pub use listener::Listener;
pub(crate) use listener::Listeners;
pub(crate) use subscriber::Subscriber;

/// Has the listeners hear a message that a test's worker missed, since it didn't run.
#[cfg(feature = "testing")]
pub(crate) async fn hear_late(
    listeners: &Listeners,
    states: &std::sync::Arc<super::states::States>,
    channel: &crate::job::QueueName,
    message: &bytes::Bytes,
) -> crate::error::Result<()> {
    let message = crate::job::Message::decode(message)?;
    for listener in listeners.of(channel) {
        subscriber::hear(listener.clone(), message.clone(), states.clone()).await;
    }
    Ok(())
}
