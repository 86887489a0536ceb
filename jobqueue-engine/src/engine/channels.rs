//! Channels, and those who listen to them.

use std::collections::HashMap;

use bytes::Bytes;

use super::Listener;

#[derive(Debug, Default)]
pub(super) struct Channels(HashMap<Bytes, Vec<Listener>>);

impl Channels {
    pub(super) fn add(&mut self, channel: Bytes, listener: Listener) {
        let listeners = self.0.entry(channel).or_default();
        if !listeners.iter().any(|other| other.same_channel(&listener)) {
            listeners.push(listener);
        }
    }

    pub(super) fn remove(&mut self, channel: &Bytes, listener: &Listener) {
        self.keep(channel, |other| !other.same_channel(listener));
    }

    /// How many have got the message.
    pub(super) fn publish(&mut self, channel: &Bytes, message: &Bytes) -> usize {
        // Those who have gone are forgotten.
        self.keep(channel, |listener| listener.send((channel.clone(), message.clone())).is_ok())
    }

    fn keep(&mut self, channel: &Bytes, kept: impl FnMut(&Listener) -> bool) -> usize {
        let Some(listeners) = self.0.get_mut(channel) else { return 0 };
        listeners.retain(kept);
        let left = listeners.len();
        if left == 0 {
            self.0.remove(channel);
        }
        left
    }
}
