//! One server: its calls, those who wait for keys, and those who listen to channels.

mod channels;
mod waiters;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};

pub(crate) use self::waiters::Ticket;
use self::{
    channels::Channels,
    waiters::{Waiters, WaitsFor},
};
use crate::{
    clock::Clock,
    command,
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
    script::Scripts,
};

/// One server. See the [crate's own page](crate).
pub struct Engine {
    clock: Clock,
    /// Locked for a whole call: one at a time, as in Redis.
    state: Mutex<State>,
    channels: Mutex<Channels>,
    /// Told after each call.
    called: Notify,
}

/// All that a server keeps.
#[derive(Clone, Debug)]
pub struct Copy(Keyspace);

#[derive(Debug)]
struct State {
    keyspace: Keyspace,
    scripts: Scripts,
    waiters: Waiters,
    /// How often each command was called from outside.
    calls: BTreeMap<String, u64>,
}

/// What becomes of a call that may wait.
#[derive(Debug)]
pub enum Wait {
    /// It needn't.
    Over(Reply),
    /// It waits, for this number of ms or for ever, until the reply comes or the ticket is dropped.
    Until(Option<u64>, oneshot::Receiver<Reply>, Ticket),
}

impl Engine {
    /// An empty server. The seed decides what is taken at random.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Arc<Self> {
        let state = State {
            keyspace: Keyspace::new(seed),
            scripts: Scripts::default(),
            waiters: Waiters::default(),
            calls: BTreeMap::new(),
        };
        Arc::new(Self {
            clock,
            state: Mutex::new(state),
            channels: Mutex::default(),
            called: Notify::new(),
        })
    }

    /// Carries a call out: a command's name and its arguments. One that would wait answers as if
    /// nothing had come.
    pub fn call(&self, words: &[Bytes]) -> Reply {
        let mut state = self.begin(words);
        let answer = state.dispatch(words);
        state.serve_waiters();
        drop(state);
        self.called.notify_waiters();
        answer.into()
    }

    /// What time it is here.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// All that is kept, as a replica has it that has heard of every call so far.
    #[must_use]
    pub fn copy(&self) -> Copy {
        Copy(lock(&self.state).keyspace.clone())
    }

    /// From now on this is what is kept, as after a failover to a replica. No script is known, and
    /// who waits is told nothing: connections to the old one are the caller's to end.
    pub fn take_over(&self, copy: Copy) {
        let mut state = lock(&self.state);
        state.keyspace = copy.0;
        state.scripts.forget_all();
    }

    /// From now on, other texts run in the place of scripts: `alter` gets the source of each that
    /// the server hears of. For tests that must find a bug.
    pub fn alter_scripts(&self, alter: impl Fn(&str) -> Option<String> + Send + 'static) {
        lock(&self.state).scripts.alter(Box::new(alter));
    }

    /// Waits until the next call has been carried out.
    pub async fn called(&self) {
        self.called.notified().await;
    }

    /// Carries a call out that may wait: `BLPOP`, or an `XREAD` that says so.
    pub fn wait(self: &Arc<Self>, words: &[Bytes]) -> Wait {
        let mut state = self.begin(words);
        match WaitsFor::parse(words, &state.keyspace) {
            Err(refusal) => Wait::Over(Reply::Refused(refusal)),
            Ok((waits_for, limit)) => {
                let State { keyspace, waiters, .. } = &mut *state;
                match (waits_for.found(keyspace), limit) {
                    (Err(refusal), _) => Wait::Over(Reply::Refused(refusal)),
                    (Ok(Some(reply)), _) => Wait::Over(reply),
                    (Ok(None), None) => Wait::Over(Reply::NilArray),
                    (Ok(None), Some(limit)) => {
                        let (number, reply) = waiters.add(waits_for);
                        let ticket = Ticket::new(self, number);
                        Wait::Until((limit > 0).then_some(limit), reply, ticket)
                    }
                }
            }
        }
    }

    fn give_up(&self, number: u64) {
        lock(&self.state).waiters.remove(number);
    }

    /// Begins a call: nothing else runs until the guard is dropped.
    fn begin(&self, words: &[Bytes]) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.keyspace.begin(self.clock.micros());
        if let Some(name) = words.first() {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            *state.calls.entry(name).or_default() += 1;
        }
        state
    }

    /// How often each command was called, but for calls from scripts.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        lock(&self.state).calls.clone()
    }

    /// Sends a message to all who listen to a channel, and answers how many do.
    pub(crate) fn publish(&self, channel: &Bytes, message: &Bytes) -> usize {
        lock(&self.channels).publish(channel, message)
    }

    /// From now on, messages on the channel go to this listener.
    pub(crate) fn subscribe(&self, channel: Bytes, listener: Listener) {
        lock(&self.channels).add(channel, listener);
    }

    pub(crate) fn unsubscribe(&self, channel: &Bytes, listener: &Listener) {
        lock(&self.channels).remove(channel, listener);
    }
}

/// Where messages go: each with its channel.
pub(crate) type Listener = mpsc::UnboundedSender<(Bytes, Bytes)>;

/// The engine has no invariant that a panic could break half-way: a call's changes stay, as those
/// of a script that fails do.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn dispatch(&mut self, words: &[Bytes]) -> Answer {
        let (name, args) = words.split_first().ok_or(Refusal::SYNTAX)?;
        match (name.to_ascii_uppercase().as_slice(), args) {
            (b"EVALSHA", [sha, rest @ ..]) => self.scripts.run(&mut self.keyspace, sha, rest),
            (b"EVAL", [source, rest @ ..]) => {
                let sha = self.scripts.load(source)?;
                self.scripts.run(&mut self.keyspace, sha.as_bytes(), rest)
            }
            (b"SCRIPT", [subcommand, rest @ ..]) => self.script(subcommand, rest),
            _ => command::run(&mut self.keyspace, words),
        }
    }

    fn script(&mut self, subcommand: &[u8], args: &[Bytes]) -> Answer {
        match (subcommand.to_ascii_uppercase().as_slice(), args) {
            (b"LOAD", [source]) => self.scripts.load(source).map(Reply::text),
            (b"EXISTS", shas) => {
                let known = |sha: &Bytes| Reply::flag(self.scripts.knows(sha));
                Ok(Reply::Array(shas.iter().map(known).collect()))
            }
            (b"FLUSH", _) => {
                self.scripts.forget_all();
                Ok(Reply::OK)
            }
            _ => Err(Refusal::new("ERR unknown subcommand of SCRIPT")),
        }
    }

    /// Serves those who wait for keys that the call has written to.
    fn serve_waiters(&mut self) {
        for key in self.keyspace.take_touched() {
            self.waiters.serve(&key, &mut self.keyspace);
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("clock", &self.clock).finish_non_exhaustive()
    }
}
