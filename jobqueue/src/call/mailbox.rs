//! Where a client's replies arrive: one reader for all calls that wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{sync::oneshot, task::JoinHandle};
use tracing::debug;

use crate::{
    error_chain::chain,
    job::{JobId, ReplyAddress},
    store::{QueueStore, Retries, Store},
    value_error::Invalid,
};

/// How long the reader waits for replies in one go.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// How long a reader without anybody to tell goes on: who calls once often calls again.
const LINGER: Duration = Duration::from_secs(10);

/// A client's inbox. It has a name from the first call on, and a reader while somebody waits.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Option<Open>>);

#[derive(Debug)]
struct Open {
    name: ReplyAddress,
    waiting: Arc<Waiting>,
    reader: JoinHandle<()>,
}

impl Mailbox {
    /// Where replies go.
    pub(crate) fn name(&self, store: &Store) -> Result<ReplyAddress, Invalid> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Self::opened(&mut open, store)?.name.clone())
    }

    /// Waits for the reply of a job from now on, which is before it is added.
    pub(crate) fn expect(&self, store: &Store, id: &JobId) -> Result<Expected, Invalid> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = Self::opened(&mut open, store)?;
        let entered = open.waiting.enter(id).filter(|_| !open.reader.is_finished());
        let reply = if let Some(reply) = entered {
            reply
        } else {
            // The reader has ended, for want of calls or with its runtime: another one goes on.
            open.waiting.open();
            open.reader = read(&open.name, open.waiting.clone(), store);
            open.waiting.enter(id).unwrap_or_else(|| oneshot::channel().1)
        };
        Ok(Expected { reply, waiting: open.waiting.clone(), id: id.clone() })
    }

    fn opened<'a>(open: &'a mut Option<Open>, store: &Store) -> Result<&'a mut Open, Invalid> {
        if let Some(open) = open {
            return Ok(open);
        }
        let (name, waiting) = (ReplyAddress::generate()?, Arc::new(Waiting::default()));
        let reader = read(&name, waiting.clone(), store);
        Ok(open.insert(Open { name, waiting, reader }))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// A reply that is waited for. Dropped, it isn't any more: a reply that comes late is nobody's.
#[derive(Debug)]
pub(crate) struct Expected {
    reply: oneshot::Receiver<Bytes>,
    waiting: Arc<Waiting>,
    id: JobId,
}

impl Expected {
    /// How the job ended, as it was written.
    pub(crate) async fn arrive(&mut self) -> Bytes {
        match (&mut self.reply).await {
            Ok(outcome) => outcome,
            // Replaced by another wait for the same job, which can't be; whoever waits has a limit.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.waiting.leave(&self.id);
    }
}

/// Who waits for the reply to which job.
#[derive(Debug, Default)]
struct Waiting(Mutex<Waiters>);

#[derive(Debug, Default)]
struct Waiters {
    calls: HashMap<JobId, oneshot::Sender<Bytes>>,
    /// The reader has ended, and nobody would be told.
    closed: bool,
}

impl Waiting {
    fn with<T>(&self, look: impl FnOnce(&mut Waiters) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing if the reader has ended.
    fn enter(&self, id: &JobId) -> Option<oneshot::Receiver<Bytes>> {
        self.with(|waiters| {
            let (reply, arrives) = oneshot::channel();
            if waiters.closed {
                return None;
            }
            waiters.calls.insert(id.clone(), reply);
            Some(arrives)
        })
    }

    fn leave(&self, id: &JobId) {
        self.with(|waiters| waiters.calls.remove(id));
    }

    /// Hands a reply over. Not more than once, and to nobody who has gone.
    fn tell(&self, id: &JobId, outcome: Bytes) {
        let call = self.with(|waiters| waiters.calls.remove(id));
        let told = call.is_some_and(|call| call.send(outcome).is_ok());
        if !told {
            debug!(%id, "a reply came late or twice, and is dropped");
        }
    }

    fn is_idle(&self) -> bool {
        self.with(|waiters| waiters.calls.is_empty())
    }

    /// Takes nobody in any more, unless somebody has come meanwhile.
    fn close(&self) -> bool {
        self.with(|waiters| {
            waiters.closed = waiters.calls.is_empty();
            waiters.closed
        })
    }

    fn open(&self) {
        self.with(|waiters| waiters.closed = false);
    }
}

fn read(name: &ReplyAddress, waiting: Arc<Waiting>, store: &Store) -> JoinHandle<()> {
    tokio::spawn(read_all(store.queue(name.name()).with_own_connection(), waiting))
}

async fn read_all(store: QueueStore, waiting: Arc<Waiting>) {
    let mut retries = Retries::endless();
    let mut read = Vec::new();
    let mut needed = Instant::now();
    loop {
        if !waiting.is_idle() {
            needed = Instant::now();
        } else if read.is_empty() && needed.elapsed() > LINGER && waiting.close() {
            return;
        }
        match store.collect(&read, READ_LIMIT).await {
            Ok(replies) => {
                retries = Retries::endless();
                read.clear();
                for reply in replies {
                    waiting.tell(&reply.id, reply.outcome);
                    read.push(reply.entry);
                }
            }
            Err(error) => {
                debug!(error = %chain(&error), "replies could not be read; trying on");
                let _ = retries.wait_or(error).await;
            }
        }
    }
}
