//! What a test sees of what a client sends: it is told after each add, publish and broadcast.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock, Weak},
};

use bytes::Bytes;

use super::Client;
use crate::{
    error::Result,
    job::{JobId, QueueName, Record},
};

/// A job as it was added.
#[derive(Clone, Debug)]
pub(crate) struct SentJob {
    pub(crate) id: JobId,
    pub(crate) record: Bytes,
}

/// A message as it was published.
#[derive(Clone, Debug)]
pub(crate) struct SentMessage {
    pub(crate) topic: QueueName,
    pub(crate) record: Record,
}

/// What follows from something that was sent, before its sender hears that it was.
pub(crate) type Following<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Who is told.
pub(crate) trait Watch: Send + Sync {
    /// These jobs were added.
    fn added(&self, queue: &QueueName, jobs: Vec<SentJob>) -> Following<'_, ()>;

    /// Somebody waits for the end of this job. Never ready, but with an error: nobody runs it.
    fn waits<'a>(
        &'a self,
        client: &'a Client,
        queue: &'a QueueName,
        id: &'a JobId,
    ) -> Following<'a, ()>;

    /// A message is about to be published.
    fn publishes<'a>(&'a self, client: &'a Client) -> Following<'a, ()>;

    /// These messages were published.
    fn published(&self, client: &Client, messages: Vec<SentMessage>) -> Following<'_, ()>;

    /// This broadcast was sent. Answers how many processes hear it that the server doesn't know of.
    fn broadcast(&self, channel: &QueueName, message: Bytes) -> Following<'_, u64>;
}

/// Held weakly: the watcher of a test has the client.
#[derive(Default)]
struct Watcher(OnceLock<Weak<dyn Watch>>);

impl Client {
    /// From now on this one is told. The first that is named stays.
    pub(crate) fn watched_by(&self, watch: &Arc<impl Watch + 'static>) {
        let watch: Weak<dyn Watch> = Arc::downgrade(watch) as Weak<dyn Watch>;
        let _ = self.shared::<Watcher>().0.set(watch);
    }

    pub(crate) fn watch(&self) -> Option<Arc<dyn Watch>> {
        self.shared::<Watcher>().0.get().and_then(Weak::upgrade)
    }
}
