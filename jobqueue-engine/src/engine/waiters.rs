//! Those who wait for a key: first come, first served.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Weak},
};

use bytes::Bytes;
use foldhash::fast::FixedState;
use tokio::sync::oneshot;

use super::Engine;
use crate::{
    command::{self, Read},
    keyspace::Keyspace,
    refusal::Refusal,
    reply::Reply,
};

/// What a call waits for.
#[derive(Debug)]
pub(super) enum WaitsFor {
    /// An item in one of these lists.
    Item(Vec<Bytes>),
    /// An entry in a stream.
    Entry(Read),
}

impl WaitsFor {
    /// From the words of a call; and for how many ms it waits, 0 for ever, if it waits at all.
    pub(super) fn parse(
        words: &[Bytes],
        keyspace: &Keyspace,
    ) -> Result<(Self, Option<u64>), Refusal> {
        match words {
            [name, lists @ .., limit] if command::is(name, "BLPOP") && !lists.is_empty() => {
                Ok((Self::Item(lists.to_vec()), Some(command::seconds(limit)?)))
            }
            [name, rest @ ..] if command::is(name, "XREAD") => {
                let mut read = Read::parse(rest)?;
                read.begin(keyspace)?;
                let limit = read.block();
                Ok((Self::Entry(read), limit))
            }
            [name, ..] => Err(Refusal::wrong_number_of_arguments(&String::from_utf8_lossy(name))),
            [] => Err(Refusal::SYNTAX),
        }
    }

    fn keys(&self) -> Vec<Bytes> {
        match self {
            Self::Item(keys) => keys.clone(),
            Self::Entry(read) => read.keys().cloned().collect(),
        }
    }

    /// What there is now, if anything. An item is taken.
    pub(super) fn found(&self, keyspace: &mut Keyspace) -> Result<Option<Reply>, Refusal> {
        match self {
            Self::Entry(read) => read.found(keyspace),
            Self::Item(keys) => {
                for key in keys {
                    if let Some(item) = command::pop_first(keyspace, key)? {
                        return Ok(Some(Reply::bulks([key, &item])));
                    }
                }
                Ok(None)
            }
        }
    }
}

/// All who wait.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// Counts those who have come.
    come: u64,
    all: BTreeMap<u64, Waiter>,
    /// In the order in which they came.
    by_key: HashMap<Bytes, VecDeque<u64>, FixedState>,
}

#[derive(Debug)]
struct Waiter {
    waits_for: WaitsFor,
    reply: oneshot::Sender<Reply>,
}

impl Waiters {
    pub(super) fn add(&mut self, waits_for: WaitsFor) -> (u64, oneshot::Receiver<Reply>) {
        let number = self.come;
        self.come += 1;
        for key in waits_for.keys() {
            self.by_key.entry(key).or_default().push_back(number);
        }
        let (sender, receiver) = oneshot::channel();
        self.all.insert(number, Waiter { waits_for, reply: sender });
        (number, receiver)
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<oneshot::Sender<Reply>> {
        let waiter = self.all.remove(&number)?;
        for key in waiter.waits_for.keys() {
            if let Some(numbers) = self.by_key.get_mut(&key) {
                numbers.retain(|other| *other != number);
                if numbers.is_empty() {
                    self.by_key.remove(&key);
                }
            }
        }
        Some(waiter.reply)
    }

    /// A key was written to.
    pub(super) fn serve(&mut self, key: &Bytes, keyspace: &mut Keyspace) {
        let numbers: Vec<u64> = self.by_key.get(key).into_iter().flatten().copied().collect();
        for number in numbers {
            let Some(waiter) = self.all.get(&number) else { continue };
            // Who has gone takes nothing with him.
            if waiter.reply.is_closed() {
                self.remove(number);
                continue;
            }
            let reply = match waiter.waits_for.found(keyspace) {
                Ok(None) => continue,
                Ok(Some(reply)) => reply,
                // A key of another type was put in the place of the list or the stream: Redis lets
                // them wait on.
                Err(_) => continue,
            };
            if let Some(waiter) = self.remove(number) {
                let _ = waiter.send(reply);
            }
        }
    }
}

/// A wait, which ends when this is dropped.
#[derive(Debug)]
pub struct Ticket {
    engine: Weak<Engine>,
    number: u64,
}

impl Ticket {
    pub(super) fn new(engine: &Arc<Engine>, number: u64) -> Self {
        Self { engine: Arc::downgrade(engine), number }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade() {
            engine.give_up(self.number);
        }
    }
}
