//! The channels that a client listens to.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    engine::{Engine, Listener},
    reply::Reply,
};

pub(super) struct Subscription {
    engine: Arc<Engine>,
    channels: Vec<Bytes>,
    sender: Listener,
    messages: mpsc::UnboundedReceiver<(Bytes, Bytes)>,
}

impl Subscription {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        let (sender, messages) = mpsc::unbounded_channel();
        Self { engine, channels: Vec::new(), sender, messages }
    }

    pub(super) fn is_active(&self) -> bool {
        !self.channels.is_empty()
    }

    /// To how many channels it listens.
    pub(super) fn len(&self) -> usize {
        self.channels.len()
    }

    /// Listens to a channel, and answers what the client is told.
    pub(super) fn add(&mut self, channel: &Bytes) -> Reply {
        if !self.channels.contains(channel) {
            self.channels.push(channel.clone());
            self.engine.subscribe(channel.clone(), self.sender.clone());
        }
        self.told("subscribe", channel)
    }

    pub(super) fn remove(&mut self, channel: &Bytes) -> Reply {
        self.channels.retain(|other| other != channel);
        self.engine.unsubscribe(channel, &self.sender);
        self.told("unsubscribe", channel)
    }

    fn told(&self, kind: &str, channel: &Bytes) -> Reply {
        let count = Reply::count(self.channels.len());
        Reply::Array(vec![Reply::text(kind), Reply::Bulk(channel.clone()), count])
    }

    /// Waits for a message.
    pub(super) async fn next(&mut self) -> Reply {
        match self.messages.recv().await {
            Some((channel, message)) => {
                let kind = Reply::text("message");
                Reply::Array(vec![kind, Reply::Bulk(channel), Reply::Bulk(message)])
            }
            // It never ends: this client has a sender of its own.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        for channel in &self.channels {
            self.engine.unsubscribe(channel, &self.sender);
        }
    }
}
