//! How far the log is kept, and those who wait for that.

use std::sync::{Condvar, Mutex, PoisonError};

use tokio::sync::watch;

use crate::mutex::lock;

/// How far the log is kept, in positions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) written: u64,
    pub(super) synced: u64,
    /// The disk refuses: what isn't kept yet may never be.
    pub(super) in_trouble: bool,
    pub(super) closed: bool,
}

/// What was carried out isn't kept, and may never be.
#[derive(Debug, thiserror::Error)]
#[error("the log on disk doesn't take what was written")]
pub(crate) struct NotKept;

/// Tells the progress to those who wait for it.
#[derive(Debug)]
pub(super) struct Board {
    sender: watch::Sender<Progress>,
    /// For threads that wait.
    turned: (Mutex<()>, Condvar),
}

impl Board {
    pub(super) fn new(progress: Progress) -> Self {
        Self { sender: watch::Sender::new(progress), turned: Default::default() }
    }

    pub(super) fn now(&self) -> Progress {
        *self.sender.borrow()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Progress)) {
        self.sender.send_modify(change);
        drop(lock(&self.turned.0));
        self.turned.1.notify_all();
    }

    /// Waits until this part of the progress has come to a position.
    pub(super) async fn wait(
        &self,
        position: u64,
        part: fn(&Progress) -> u64,
    ) -> Result<(), NotKept> {
        let mut receiver = self.sender.subscribe();
        let is_over = |now: &Progress| part(now) >= position || now.in_trouble || now.closed;
        let now = *receiver.wait_for(is_over).await.map_err(|_| NotKept)?;
        if part(&now) >= position && !now.closed { Ok(()) } else { Err(NotKept) }
    }

    /// The same, for a thread that may stand still.
    pub(super) fn block(&self, position: u64, part: fn(&Progress) -> u64) -> Result<(), NotKept> {
        let mut guard = lock(&self.turned.0);
        loop {
            let now = self.now();
            if part(&now) >= position && !now.closed {
                return Ok(());
            }
            if now.in_trouble || now.closed {
                return Err(NotKept);
            }
            guard = self.turned.1.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
