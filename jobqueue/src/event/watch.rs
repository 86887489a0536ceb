//! Waiting for single jobs to end: one reader of events a queue, whoever waits for however many jobs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::stream::READ_LIMIT;
use crate::{
    error::Result,
    job::{JobId, QueueName},
    store::{Entry, QueueStore, Retries, StreamPosition},
};

/// How long a waiter sleeps at most before it looks for itself: for queues without events, and for a
/// reader that fell behind what is kept.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How long a reader without anybody to tell goes on: who waits for one job often waits for the next.
const LINGER: Duration = Duration::from_secs(10);

/// The watchers of a client: one for each queue in which somebody waits for a job.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<HashMap<QueueName, Arc<Watcher>>>);

impl Watchers {
    /// Starts to watch a job.
    pub(crate) fn watch(&self, store: &QueueStore, id: &JobId) -> Watch {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let watcher = all.entry(store.name().clone()).or_insert_with(|| Watcher::spawn(store));
            let entered = watcher.waiting.enter(id).filter(|_| !watcher.reader.is_finished());
            if let Some(again) = entered {
                let watcher = Arc::clone(watcher);
                return Watch { ready: watcher.ready.clone(), watcher, id: id.clone(), again };
            }
            // Its reader has ended, for want of waiters or with its runtime.
            all.remove(store.name());
        }
    }
}

/// A job being watched.
#[derive(Debug)]
pub(crate) struct Watch {
    watcher: Arc<Watcher>,
    ready: watch::Receiver<bool>,
    id: JobId,
    again: watch::Receiver<()>,
}

impl Watch {
    /// Waits until the reader stands at the end of the stream: from then on no event is missed.
    pub(crate) async fn ready(&mut self) {
        let standing = self.ready.wait_for(|ready| *ready);
        // Without a reader, which is gone or can't reach Redis, looking from time to time must do.
        let _ = tokio::time::timeout(LOOK_AGAIN, standing).await;
    }

    /// Waits until the job has ended, or it is time to look again.
    pub(crate) async fn changed(&mut self) {
        let _ = tokio::time::timeout(LOOK_AGAIN, self.again.changed()).await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watcher.waiting.leave(&self.id);
    }
}

/// The one reader of a queue's events for all who wait. It ends some time after the last of them.
#[derive(Debug)]
struct Watcher {
    waiting: Arc<Waiting>,
    ready: watch::Receiver<bool>,
    reader: tokio::task::JoinHandle<()>,
}

impl Watcher {
    fn spawn(store: &QueueStore) -> Arc<Self> {
        let waiting = Arc::new(Waiting::default());
        let (stands, ready) = watch::channel(false);
        let reader = tokio::spawn(read_all(store.with_own_connection(), waiting.clone(), stands));
        Arc::new(Self { waiting, ready, reader })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Who waits for which job.
#[derive(Debug, Default)]
struct Waiting(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    /// By job: a channel that says "look again", and how many listen to it.
    jobs: HashMap<JobId, (watch::Sender<()>, usize)>,
    /// The reader has ended, and nobody would be told.
    closed: bool,
}

impl Waiting {
    /// Nothing if the reader has ended.
    fn enter(&self, id: &JobId) -> Option<watch::Receiver<()>> {
        let mut waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiters.closed {
            return None;
        }
        let (sender, listeners) = waiters.jobs.entry(id.clone()).or_default();
        *listeners += 1;
        Some(sender.subscribe())
    }

    fn leave(&self, id: &JobId) {
        let mut waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, listeners)) = waiters.jobs.get_mut(id) {
            *listeners -= 1;
            if *listeners == 0 {
                waiters.jobs.remove(id);
            }
        }
    }

    fn tell(&self, entry: &Entry) {
        if !matches!(entry.kind.as_str(), "completed" | "failed" | "removed") {
            return;
        }
        let waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &entry.ids {
            if let Some((sender, _)) = waiters.jobs.get(id) {
                sender.send_replace(());
            }
        }
    }

    fn tell_all(&self) {
        let waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (sender, _) in waiters.jobs.values() {
            sender.send_replace(());
        }
    }

    fn is_idle(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).jobs.is_empty()
    }

    /// Takes nobody in any more, unless somebody has come meanwhile.
    fn close(&self) -> bool {
        let mut waiters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.closed = waiters.jobs.is_empty();
        waiters.closed
    }
}

async fn read_all(store: QueueStore, waiting: Arc<Waiting>, stands: watch::Sender<bool>) {
    let mut position = None;
    let mut retries = Retries::endless();
    let mut needed = Instant::now();
    loop {
        if !waiting.is_idle() {
            needed = Instant::now();
        } else if needed.elapsed() > LINGER && waiting.close() {
            return;
        }
        match read_on(&store, &mut position, &waiting, &stands).await {
            Ok(()) => retries = Retries::endless(),
            Err(error) => {
                let _ = retries.wait_or(error).await;
                // Entries may have been trimmed while the reader was away.
                waiting.tell_all();
            }
        }
    }
}

async fn read_on(
    store: &QueueStore,
    position: &mut Option<StreamPosition>,
    waiting: &Waiting,
    stands: &watch::Sender<bool>,
) -> Result<()> {
    let from = match position {
        Some(position) => &*position,
        None => position.insert(store.stream_end().await?),
    };
    stands.send_replace(true);
    let entries = store.stream_after(from, READ_LIMIT).await?;
    for entry in &entries {
        waiting.tell(entry);
    }
    if let Some(last) = entries.last() {
        *position = Some(last.position.clone());
    }
    Ok(())
}
