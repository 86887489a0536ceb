//! One who follows a queue's events.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::feed::{Feeds, PAGE, Told};
use crate::{
    error::{Error, Result},
    store::{Entry, Portion, QueueStore, Retries, StreamPosition},
};

/// Follows the events of a queue: it reads what it has missed by itself, and is told the rest by
/// the reader that all share.
pub(super) struct Listener {
    feeds: Feeds,
    store: QueueStore,
    /// The last entry that was given; none until the end of the stream has been looked up.
    position: Option<StreamPosition>,
    /// Entries that it has read by itself.
    entries: VecDeque<Entry>,
    portion: Portion,
    /// None until it has come to the end of the stream for the first time.
    told: Option<Receiver<Told>>,
    /// Whether there may be entries after its position that it isn't told.
    is_behind: bool,
}

impl Listener {
    pub(super) fn new(feeds: Feeds, store: QueueStore, position: Option<StreamPosition>) -> Self {
        let (entries, portion) = (VecDeque::new(), Portion::up_to(PAGE));
        Self { feeds, store, position, entries, portion, told: None, is_behind: true }
    }

    /// The next entry.
    pub(super) async fn next(&mut self) -> Result<Arc<Entry>> {
        let mut retries = Retries::endless();
        loop {
            if let Some(entry) = self.entries.pop_front() {
                self.position = Some(entry.position.clone());
                return Ok(Arc::new(entry));
            }
            let read = if self.is_behind { self.catch_up().await } else { self.hear().await };
            match read {
                Ok(Some(entry)) => return Ok(entry),
                Ok(None) => retries = Retries::endless(),
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads a portion by itself. At the end of the stream it joins the others.
    async fn catch_up(&mut self) -> Result<Option<Arc<Entry>>> {
        let position = match &self.position {
            Some(position) => position,
            None => self.position.insert(self.store.stream_end().await?),
        };
        let read = self.store.stream_so_far(position, self.portion.count()).await;
        let entries = read.inspect_err(|_| self.portion.was_lost())?;
        self.portion.came(entries.len(), entries.iter().map(Entry::size).sum());
        if entries.is_empty() {
            // A reader that runs already may be past what was written since: that is read once
            // more, after the joining.
            self.is_behind = match self.told {
                Some(_) => false,
                None => {
                    let (told, is_new) = self.feeds.listen(&self.store, position);
                    self.told = Some(told);
                    !is_new
                }
            };
        }
        self.entries.extend(entries);
        Ok(None)
    }

    /// Waits for what the reader tells.
    async fn hear(&mut self) -> Result<Option<Arc<Entry>>> {
        let heard = match &mut self.told {
            Some(told) => told.recv().await,
            None => Err(RecvError::Closed),
        };
        match heard {
            Ok(Ok(entry)) => {
                let is_new = self.position.as_ref().is_none_or(|at| entry.position.is_after(at));
                if is_new {
                    self.position = Some(entry.position.clone());
                }
                Ok(is_new.then_some(entry))
            }
            // That reader has ended: the next look starts another one.
            Ok(Err(error)) => {
                self.leave();
                Err(error)
            }
            Err(RecvError::Closed) => {
                self.leave();
                Ok(None)
            }
            Err(RecvError::Lagged(_)) => {
                self.is_behind = true;
                Ok(None)
            }
        }
    }

    fn leave(&mut self) {
        (self.told, self.is_behind) = (None, true);
    }
}
