//! Waiting for single jobs to end: one reader of events for each queue, for all tasks that wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::feed::PAGE;
use crate::{
    error::Result,
    job::{JobId, QueueName},
    store::{Entry, MAX_BATCH, Portion, QueueStore, Retries, StreamPosition, job::Over},
    task::boxed,
    waiters::{SharedReader, Waiter, Waiters},
};

/// How often the reader looks which of all jobs have ended: for queues without events, and for
/// events that had been trimmed before it read them.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// How often it looks for one job alone. If that is gone without an event, the queue was removed,
/// and the stream with it.
const LOOK_FOR_ONE: Duration = Duration::from_secs(2);

/// How long a waiter sleeps at most before it looks by itself, should the reader have ended with a
/// runtime of its own.
const LOOK_ALONE: Duration = Duration::from_secs(300);

/// The watchers of a client: one for each queue in which a task waits for a job.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<HashMap<QueueName, Watcher>>);

/// The reader of a queue's events.
#[derive(Debug)]
struct Watcher {
    reader: SharedReader<()>,
    /// Whether the reader has its position in the stream.
    ready: watch::Sender<bool>,
}

impl Watchers {
    /// Watches a job from now on. In a test's own time the reader looks ever more seldom: nothing
    /// but its looks would happen in days that pass in a moment.
    pub(crate) fn watch(&self, store: &QueueStore, id: &JobId, in_test: bool) -> Watch {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let watcher = all.entry(store.name().clone()).or_insert_with(|| Watcher {
            reader: SharedReader::default(),
            ready: watch::channel(false).0,
        });
        let waiter = watcher.reader.wait_for(id, |waiters| {
            watcher.ready.send_replace(false);
            let (store, ready) = (store.with_own_connection(), watcher.ready.clone());
            let looks = Looks { each: LOOK_FOR_ONE, in_test };
            tokio::spawn(boxed(read_all(store, waiters, ready, looks)))
        });
        Watch { waiter, ready: watcher.ready.subscribe() }
    }
}

/// A job being watched.
#[derive(Debug)]
pub(crate) struct Watch {
    waiter: Waiter<()>,
    ready: watch::Receiver<bool>,
}

impl Watch {
    /// Waits until the reader has its position in the stream: from then on it misses no event.
    pub(crate) async fn ready(&mut self) {
        // If the reader can't reach Redis, the caller looks from time to time instead.
        let _ = timeout(LOOK_AGAIN, self.ready.wait_for(|ready| *ready)).await;
    }

    /// Waits until the job has ended, or it is time to look again.
    pub(crate) async fn changed(&mut self) {
        let _ = timeout(LOOK_ALONE, self.waiter.told()).await;
    }
}

/// How long one read waits for events.
struct Looks {
    each: Duration,
    in_test: bool,
}

/// The longest, in a test's own time.
const SELDOM: Duration = Duration::from_secs(3_600);

impl Looks {
    fn after(&mut self, news: bool) {
        self.each = match news {
            false if self.in_test => (self.each * 2).min(SELDOM),
            _ => LOOK_FOR_ONE,
        };
    }
}

async fn read_all(
    store: QueueStore,
    waiters: Arc<Waiters<()>>,
    ready: watch::Sender<bool>,
    mut looks: Looks,
) {
    let mut at = Reading { position: None, portion: Portion::up_to(PAGE) };
    let (mut retries, mut looked) = (Retries::endless(), Some(Instant::now()));
    while !waiters.end_if_idle() {
        let read = async {
            let limit = looks.each;
            let news = read_on(&store, &mut at, &waiters, (&ready, limit)).await?;
            looks.after(news);
            if looked.is_none_or(|looked| looked.elapsed() > LOOK_AGAIN) {
                look(&store, &waiters, usize::MAX).await?;
                looked = Some(Instant::now());
            } else if !news && look(&store, &waiters, 1).await? {
                look(&store, &waiters, usize::MAX).await?;
            }
            Ok(())
        };
        match read.await {
            Ok(()) => retries = Retries::endless(),
            Err(error) => {
                // Entries may have been trimmed while the reader was away.
                looked = None;
                let _ = retries.wait_or(error).await;
            }
        }
    }
}

/// Looks which jobs have ended, of `most` that are waited for, and tells their waiters. Whether
/// there is one.
async fn look(store: &QueueStore, waiters: &Waiters<()>, most: usize) -> Result<bool> {
    let mut found = false;
    for ids in waiters.ids(most).chunks(MAX_BATCH) {
        for id in store.call(&Over { ids }).await? {
            found |= waiters.tell(&id, &());
        }
    }
    Ok(found)
}

/// Where the reader is in the stream, and how much it asks for.
struct Reading {
    position: Option<StreamPosition>,
    portion: Portion,
}

/// Tells waiters what the next events say. Whether there were any.
async fn read_on(
    store: &QueueStore,
    at: &mut Reading,
    waiters: &Waiters<()>,
    (ready, limit): (&watch::Sender<bool>, Duration),
) -> Result<bool> {
    let from = match &at.position {
        Some(position) => position,
        None => at.position.insert(store.stream_end().await?),
    };
    ready.send_replace(true);
    let read = store.stream_after(from, limit, at.portion.count()).await;
    let entries = read.inspect_err(|_| at.portion.was_lost())?;
    at.portion.came(entries.len(), entries.iter().map(Entry::size).sum());
    for entry in entries.iter().filter(|entry| is_end(entry)) {
        for id in &entry.ids {
            waiters.tell(id, &());
        }
    }
    if let Some(last) = entries.last() {
        at.position = Some(last.position.clone());
    }
    Ok(!entries.is_empty())
}

/// Whether jobs have ended, or will never.
fn is_end(entry: &Entry) -> bool {
    matches!(entry.kind.as_str(), "completed" | "failed" | "cancelled" | "removed" | "flow")
}
