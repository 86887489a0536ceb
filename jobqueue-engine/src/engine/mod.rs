//! One server: its calls, those who wait for keys, and those who listen to channels.

mod channels;
mod clients;
mod settings;
mod slow_log;
mod waiters;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};

use self::{
    channels::Channels,
    slow_log::SlowLog,
    waiters::{Waiters, WaitsFor},
};
pub(crate) use self::{
    clients::{Client, Clients, Pause, Which},
    waiters::Ticket,
};
use crate::{
    clock::Clock,
    command,
    disk::{Log, NotKept},
    keyspace::Keyspace,
    mutex::lock,
    portable,
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
    pub(crate) clients: Clients,
    /// What clients must say first, if anything.
    password: Mutex<Option<String>>,
    /// Told after each call.
    called: Notify,
    /// Where it is kept, if it is kept on disk.
    log: Option<Log>,
}

/// All that a server keeps.
#[derive(Clone, Debug)]
pub struct Copy(Keyspace);

#[derive(Debug)]
struct State {
    keyspace: Keyspace,
    scripts: Scripts,
    waiters: Waiters,
    /// How often commands were called that the keyspace doesn't know of.
    calls: BTreeMap<&'static str, u64>,
    slow_log: SlowLog,
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
        Self::with(clock, Keyspace::new(seed), None)
    }

    /// One that begins with this keyspace, and keeps what is done to it in a log.
    pub(crate) fn with(clock: Clock, keyspace: Keyspace, log: Option<Log>) -> Arc<Self> {
        let state = State {
            keyspace,
            scripts: Scripts::default(),
            waiters: Waiters::default(),
            calls: BTreeMap::new(),
            slow_log: SlowLog::default(),
        };
        Arc::new(Self {
            clock,
            state: Mutex::new(state),
            channels: Mutex::default(),
            clients: Clients::default(),
            password: Mutex::default(),
            called: Notify::new(),
            log,
        })
    }

    /// Carries a call out: a command's name and its arguments. One that would wait answers as if
    /// nothing had come.
    ///
    /// An engine that is kept on disk answers when the call is kept, and the thread stands still
    /// until then. [`serve`](crate::serve) lets other tasks go on meanwhile.
    pub fn call(&self, words: &[Bytes]) -> Reply {
        let (reply, end) = self.carry_out(words);
        match self.log.as_ref().map_or(Ok(()), |log| log.block_until_kept(end)) {
            Ok(()) => reply,
            Err(why) => Reply::Refused(Refusal::with(&format!("MISCONF {why}"))),
        }
    }

    /// Carries a call out. Where what it did, or has seen, ends in the log: it may be answered when
    /// that [is kept](Self::kept).
    pub(crate) fn carry_out(&self, words: &[Bytes]) -> (Reply, u64) {
        let start = Instant::now();
        let mut state = self.begin();
        let answer = state.dispatch(words);
        state.serve_waiters();
        let seconds = state.keyspace.now() / 1_000_000;
        state.slow_log.note(words, seconds, start.elapsed());
        let end = self.keep(state);
        self.called.notify_waiters();
        (answer.into(), end)
    }

    /// Ends a call: the log gets what it did.
    fn keep(&self, mut state: MutexGuard<'_, State>) -> u64 {
        let Some(log) = &self.log else { return 0 };
        let appended = state.keyspace.effects.take(|effects| log.append(effects));
        // While the disk refuses, only reads go on. They see what may not be on the disk yet.
        let refused = state.keyspace.effects.admit().is_err();
        let end = if refused { 0 } else { log.end() };
        drop(state);
        if appended.is_some() {
            log.push();
        }
        end
    }

    /// Where what was done so far ends in the log.
    pub(crate) fn end(&self) -> u64 {
        self.log.as_ref().map_or(0, Log::end)
    }

    /// Whether what ends here in the log may be acknowledged.
    pub(crate) fn is_kept(&self, end: u64) -> bool {
        self.log.as_ref().is_none_or(|log| log.is_kept(end))
    }

    /// Waits until what ends here in the log may be acknowledged.
    pub(crate) async fn kept(&self, end: u64) -> Result<(), NotKept> {
        match &self.log {
            Some(log) => log.kept(end).await,
            None => Ok(()),
        }
    }

    /// Where it is kept, if it is kept on disk.
    pub(crate) fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    #[cfg(test)]
    pub(crate) fn with_keyspace<T>(&self, use_it: impl FnOnce(&Keyspace) -> T) -> T {
        use_it(&lock(&self.state).keyspace)
    }

    /// The whole keyspace as commands that make the same on any server: `HSET`, `XADD` with ids,
    /// `PEXPIREAT`, and so on, none of them very long. Each key is looked at when its turn comes,
    /// so nothing should change meanwhile.
    pub fn dump(self: &Arc<Self>) -> impl Iterator<Item = Vec<Bytes>> + use<> {
        let engine = self.clone();
        let keys: Vec<Bytes> =
            lock(&self.state).keyspace.slots().map(|(key, _)| key.clone()).collect();
        keys.into_iter().flat_map(move |key| {
            let mut commands = Vec::new();
            let state = lock(&engine.state);
            if let Some(slot) = state.keyspace.slot_at_any_time(&key) {
                portable::each_command(&key, slot, &mut |command| commands.push(command));
            }
            commands
        })
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
    ///
    /// # Panics
    /// The engine is kept on disk: its log would be that of another one.
    pub fn take_over(&self, copy: Copy) {
        assert!(self.log.is_none(), "the log of a folder has what was done to its own keyspace");
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
        let mut state = self.begin();
        state.count(if command::is(&words[0], "BLPOP") { "blpop" } else { "xread" });
        let wait = match WaitsFor::parse(words, &state.keyspace) {
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
        };
        self.keep(state);
        wait
    }

    fn give_up(&self, number: u64) {
        lock(&self.state).waiters.remove(number);
    }

    /// Begins a call: nothing else runs until the guard is dropped.
    fn begin(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.keyspace.begin(self.clock.micros());
        if let Some(log) = &self.log {
            let mut refusal = log.refusal();
            if refusal.is_some() {
                log.rescue(&state.keyspace);
                refusal = log.refusal();
            }
            state.keyspace.effects.refuse(refusal);
        }
        state
    }

    /// How often each command was called, by clients and by scripts.
    pub(crate) fn calls(&self) -> BTreeMap<String, u64> {
        let state = lock(&self.state);
        let others = state.calls.iter().map(|(name, count)| ((*name).to_owned(), *count));
        let mut calls: BTreeMap<_, _> = others.collect();
        for (name, count) in command::counts(&state.keyspace).filter(|(_, count)| *count > 0) {
            *calls.entry(name).or_default() += count;
        }
        calls
    }

    fn forget_calls(&self) {
        let mut state = lock(&self.state);
        state.calls.clear();
        state.keyspace.calls.reset();
    }

    /// How many bytes the keyspace takes, about, and how many it may; without a limit, zero.
    pub(crate) fn memory(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.keyspace.memory.used(), state.keyspace.memory.limit())
    }

    fn password(&self) -> Option<String> {
        lock(&self.password).clone()
    }

    /// Clients must say this from now on; nothing, if it is empty.
    fn set_password(&self, password: &str) {
        *lock(&self.password) = (!password.is_empty()).then(|| password.to_owned());
    }

    /// Whether these bytes are the password; none, if nobody needs one.
    pub(crate) fn is_password(&self, bytes: &[u8]) -> Option<bool> {
        let password = self.password()?;
        // It takes as long whatever the bytes are.
        let differing = password.bytes().zip(bytes).fold(0, |sum, (a, b)| sum | (a ^ b));
        Some(differing == 0 && password.len() == bytes.len())
    }

    pub(crate) fn needs_password(&self) -> bool {
        lock(&self.password).is_some()
    }

    /// Calls that took long: `SLOWLOG`.
    pub(crate) fn slow_log(&self, args: &[Bytes]) -> Reply {
        let log = &mut lock(&self.state).slow_log;
        match args {
            [what] if command::is(what, "LEN") => Reply::count(log.len()),
            [what] if command::is(what, "GET") => log.newest(10),
            [what, most] if command::is(what, "GET") => {
                let most = crate::number::integer(most);
                most.map_or(Reply::Refused(Refusal::NO_INTEGER), |most| {
                    log.newest(usize::try_from(most).unwrap_or(usize::MAX))
                })
            }
            [what] if command::is(what, "RESET") => {
                log.clear();
                Reply::OK
            }
            _ => Reply::Refused(Refusal::new("ERR unknown subcommand of SLOWLOG")),
        }
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

impl State {
    fn count(&mut self, name: &'static str) {
        *self.calls.entry(name).or_default() += 1;
    }

    fn dispatch(&mut self, words: &[Bytes]) -> Answer {
        let (name, args) = words.split_first().ok_or(Refusal::SYNTAX)?;
        match (name.to_ascii_uppercase().as_slice(), args) {
            (b"EVALSHA", [sha, rest @ ..]) => {
                self.count("evalsha");
                self.scripts.run(&mut self.keyspace, sha, rest)
            }
            (b"EVAL", [source, rest @ ..]) => {
                self.count("eval");
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
