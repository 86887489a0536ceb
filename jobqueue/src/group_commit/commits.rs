//! The group commits of a client.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{handle::GroupCommit, sink::Sink};
use crate::{hashing::RandomState, job::QueueName, store::Durability};

/// How many group commits a client keeps before it lets go of those that nobody uses. Each has a
/// task and its buffers, some 12 KB.
const KEPT: usize = 64;

/// The group commits of a client for one kind of sink: one for each queue and durability in use.
#[derive(Debug)]
pub(crate) struct GroupCommits<S: Sink>(
    Mutex<HashMap<(QueueName, Durability), GroupCommit<S>, RandomState>>,
);

impl<S: Sink> Default for GroupCommits<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S: Sink> GroupCommits<S> {
    /// The group commit of a queue. Its first use starts it, with a new sink.
    pub(crate) fn get(
        &self,
        queue: &QueueName,
        durability: Durability,
        sink: impl FnOnce() -> S,
    ) -> GroupCommit<S> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (queue.clone(), durability);
        if let Some(found) = all.get(&key)
            && !found.is_closed()
        {
            return found.clone();
        }
        if all.len() >= KEPT {
            all.retain(|_, commit| commit.is_used());
        }
        // The first use; or the runtime of the background task has been shut down.
        let new = GroupCommit::spawn(sink());
        all.insert(key, new.clone());
        new
    }
}
