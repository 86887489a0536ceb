//! One reader of a queue's events, for all streams of a client.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::sync::broadcast::{self, Receiver, Sender, WeakSender};

use crate::{
    error::{Error, Result},
    job::QueueName,
    store::{Entry, Portion, QueueStore, Retries, StreamPosition},
    task::boxed,
};

/// How long one read waits for an event before the next read; then the reader looks whether anybody
/// listens.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// The most entries of one read. An entry holds up to 1,000 ids.
pub(super) const PAGE: usize = 100;

/// How many entries are kept for listeners. One that falls behind farther reads by itself.
const KEPT: usize = 128;

/// What listeners are told. After an error the reader ends.
pub(super) type Told = Result<Arc<Entry>>;

/// The readers by their queues. Each lives as long as its sender.
type Readers = Mutex<HashMap<QueueName, WeakSender<Told>>>;

/// The readers of a client: one for each queue whose events somebody follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feeds(Arc<Readers>);

impl Feeds {
    /// Listens to a queue from now on. Whether a reader was started for that: then it reads from
    /// this position on.
    pub(super) fn listen(
        &self,
        store: &QueueStore,
        position: &StreamPosition,
    ) -> (Receiver<Told>, bool) {
        let mut readers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that ended with its runtime has no sender.
        if let Some(told) = readers.get(store.name()).and_then(WeakSender::upgrade) {
            return (told.subscribe(), false);
        }
        let (told, listener) = broadcast::channel(KEPT);
        readers.insert(store.name().clone(), told.downgrade());
        let reader = Reader {
            store: store.with_own_connection(),
            position: position.clone(),
            portion: Portion::up_to(PAGE),
            told,
            readers: Arc::downgrade(&self.0),
        };
        tokio::spawn(boxed(reader.run()));
        (listener, true)
    }
}

/// Reads the events of a queue over a connection of its own.
struct Reader {
    store: QueueStore,
    /// The last entry that was read.
    position: StreamPosition,
    portion: Portion,
    told: Sender<Told>,
    readers: Weak<Readers>,
}

impl Reader {
    async fn run(mut self) {
        let mut retries = Retries::endless();
        while !self.ends() {
            match self.read().await {
                Ok(()) => retries = Retries::endless(),
                Err(error @ Error::Unavailable { .. }) => drop(retries.wait_or(error).await),
                Err(error) => {
                    let _ = self.told.send(Err(error));
                    return;
                }
            }
        }
    }

    /// Whether nobody listens: then it is listed no longer. The look and the end are one step, so
    /// that nobody listens to a reader that ends.
    fn ends(&self) -> bool {
        let Some(readers) = self.readers.upgrade() else { return true };
        let mut readers = readers.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = self.told.receiver_count() == 0;
        if ends {
            readers.remove(self.store.name());
        }
        ends
    }

    async fn read(&mut self) -> Result<()> {
        let read = self.store.stream_after(&self.position, READ_LIMIT, self.portion.count()).await;
        let entries = read.inspect_err(|_| self.portion.was_lost())?;
        self.portion.came(entries.len(), entries.iter().map(Entry::size).sum());
        if let Some(last) = entries.last() {
            self.position = last.position.clone();
        }
        for entry in entries {
            let _ = self.told.send(Ok(Arc::new(entry)));
        }
        Ok(())
    }
}
