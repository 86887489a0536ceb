//! Who is connected, as `CLIENT` shows it; and calls that are held up.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::mutex::lock;

/// All who are connected.
#[derive(Debug)]
pub(crate) struct Clients {
    come: AtomicU64,
    most: AtomicUsize,
    all: Mutex<BTreeMap<u64, Arc<Client>>>,
    pause: watch::Sender<Option<Pause>>,
}

/// Until when calls are held up, and whether only those that may write are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    pub(crate) until: Instant,
    pub(crate) all: bool,
}

/// One who is connected, as others see it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: u64,
    since: Instant,
    name: Mutex<Bytes>,
    /// The command that came last.
    last: Mutex<Bytes>,
    waits: AtomicBool,
    channels: AtomicUsize,
    /// Bytes that have come and weren't carried out.
    held: AtomicUsize,
    end: Notify,
}

/// Which clients: those for which all of this is so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Which {
    pub(crate) id: Option<u64>,
    /// Whether they listen to channels.
    pub(crate) listens: Option<bool>,
    pub(crate) but: Option<u64>,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            come: AtomicU64::new(0),
            most: AtomicUsize::new(10_000),
            all: Mutex::default(),
            pause: watch::Sender::new(None),
        }
    }
}

impl Clients {
    /// A new one; none, if there are too many.
    pub(crate) fn enter(&self) -> Option<Arc<Client>> {
        let mut all = lock(&self.all);
        if all.len() >= self.most.load(Relaxed) {
            return None;
        }
        let client = Arc::new(Client {
            id: self.come.fetch_add(1, Relaxed) + 1,
            since: Instant::now(),
            name: Mutex::default(),
            last: Mutex::default(),
            waits: AtomicBool::new(false),
            channels: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            end: Notify::new(),
        });
        all.insert(client.id, client.clone());
        Some(client)
    }

    pub(crate) fn leave(&self, client: &Client) {
        lock(&self.all).remove(&client.id);
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.all).len()
    }

    /// How many may be connected at once.
    pub(crate) fn set_most(&self, most: usize) {
        self.most.store(most, Relaxed);
    }

    pub(crate) fn most(&self) -> usize {
        self.most.load(Relaxed)
    }

    /// Ends connections. How many.
    pub(crate) fn end(&self, which: Which) -> usize {
        let all = lock(&self.all);
        let chosen = all.values().filter(|client| {
            which.id.is_none_or(|id| client.id == id)
                && which.listens.is_none_or(|listens| client.listens() == listens)
                && which.but.is_none_or(|id| client.id != id)
        });
        chosen.map(|client| client.end.notify_one()).count()
    }

    /// A line for each.
    pub(crate) fn list(&self) -> String {
        let mut lines = String::new();
        for client in lock(&self.all).values() {
            let _ = client.describe(&mut lines);
        }
        lines
    }

    /// From now on, calls are held up; or no longer.
    pub(crate) fn pause(&self, pause: Option<Pause>) {
        self.pause.send_replace(pause);
    }

    /// Waits while calls of this kind are held up.
    pub(crate) async fn may_go_on(&self, may_write: impl Fn() -> bool) {
        let holds = |pause: &Option<Pause>| {
            pause.filter(|pause| Instant::now() < pause.until && (pause.all || may_write()))
        };
        // Nearly always there is none, and nothing is made to watch it.
        if holds(&self.pause.borrow()).is_none() {
            return;
        }
        let mut changes = self.pause.subscribe();
        loop {
            let Some(pause) = holds(&changes.borrow_and_update()) else { return };
            let _ = tokio::time::timeout_at(pause.until, changes.changed()).await;
        }
    }
}

impl Client {
    /// Waits until somebody ends this connection.
    pub(crate) async fn ended(&self) {
        self.end.notified().await;
    }

    pub(crate) fn begins(&self, command: &Bytes) {
        *lock(&self.last) = command.clone();
    }

    pub(crate) fn waits(&self, waits: bool) {
        self.waits.store(waits, Relaxed);
    }

    pub(crate) fn holds(&self, bytes: usize) {
        self.held.store(bytes, Relaxed);
    }

    pub(crate) fn listens_to(&self, channels: usize) {
        self.channels.store(channels, Relaxed);
    }

    pub(crate) fn name(&self) -> Bytes {
        lock(&self.name).clone()
    }

    pub(crate) fn set_name(&self, name: Bytes) {
        *lock(&self.name) = name;
    }

    fn listens(&self) -> bool {
        self.channels.load(Relaxed) > 0
    }

    /// The fields of Redis's line that mean anything here.
    fn describe(&self, out: &mut String) -> std::fmt::Result {
        let flags = match (self.listens(), self.waits.load(Relaxed)) {
            (true, _) => "P",
            (false, true) => "b",
            (false, false) => "N",
        };
        let age = self.since.elapsed().as_secs();
        let name = self.name();
        let command = lock(&self.last).to_ascii_lowercase();
        writeln!(
            out,
            "id={} name={} age={} flags={flags} db=0 sub={} psub=0 multi=-1 qbuf={} cmd={} \
             user=default",
            self.id,
            String::from_utf8_lossy(&name),
            age,
            self.channels.load(Relaxed),
            self.held.load(Relaxed),
            if command.is_empty() { "NULL".into() } else { String::from_utf8_lossy(&command) },
        )
    }
}
