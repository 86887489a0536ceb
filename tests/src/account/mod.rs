//! Accounts: proof that nothing was lost, doubled or leaked, whatever happened meanwhile.
//!
//! Producers note each add before it is sent and after it was acknowledged; handlers note each run
//! and each effect. Notes are in files, so a killed process loses none. Afterwards a [`Proof`]
//! compares them with what Redis has and with the queue's own history.
//!
//! - [`Account`]: where it is kept, and processes that work and produce on it
//! - [`fanout`]: processes that publish to a topic and receive from it
//! - [`flows`]: processes that start flows and run their nodes
//! - [`task`]: the jobs, and the handler that runs them
//! - [`note`]: the notes that processes write
//! - [`ledger`]: the state in Redis
//! - [`proof`]: whether both agree

mod child;
pub mod fanout;
pub mod flows;
pub mod ledger;
pub mod note;
mod producer;
pub mod proof;
pub mod task;
mod worker;

use std::{
    env,
    path::PathBuf,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use jobqueue::{Client, Queue};
use tempfile::TempDir;
use tokio::time::sleep;

pub use self::{child::run_child, producer::Order, proof::Proof, worker::Shift};
use self::{ledger::Ledger, note::Book};
use crate::{clock::Clock, names, process::Process};

/// The queue that accounts are kept of.
pub const QUEUE: &str = "accounts";

/// An account: keys of its own in one server, and a folder of notes.
#[derive(Debug)]
pub struct Account {
    prefix: String,
    notes: TempDir,
    /// The clock of its processes, if not the system's.
    clock: Option<Arc<Clock>>,
}

/// How long to wait before looking again.
const STEP: Duration = Duration::from_millis(20);

/// Entries of the history, which must be whole to prove anything.
const HISTORY: u64 = 100_000_000;

impl Account {
    /// Opens an account in a server.
    ///
    /// # Panics
    /// The server can't be reached.
    pub async fn open(url: &str) -> Self {
        let notes = TempDir::with_prefix("jobqueue-notes-").expect("a temporary directory");
        let account = Self { prefix: names::queue("account"), notes, clock: None };
        account.queue(url).await.set_limits().events(HISTORY).await.expect("limits can be set");
        account
    }

    /// Gives this clock to all processes started from now on.
    #[must_use]
    pub fn with_clock(mut self, clock: &Arc<Clock>) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Notes of this process.
    #[must_use]
    pub fn book(&self) -> Book {
        Book::open(self.notes.path())
    }

    /// All notes so far.
    #[must_use]
    pub fn notes(&self) -> Vec<note::Note> {
        note::read_all(self.notes.path())
    }

    /// A client of this process.
    ///
    /// # Panics
    /// The server can't be reached.
    pub async fn client(&self, url: &str) -> Client {
        connect(url, &self.prefix).await.expect("the server is there")
    }

    /// The queue, as this process sees it.
    ///
    /// # Panics
    /// The server can't be reached.
    pub async fn queue(&self, url: &str) -> Queue {
        self.client(url).await.queue(QUEUE).expect("a good name")
    }

    /// What the queue's keys begin with.
    #[must_use]
    pub fn base(&self) -> String {
        self.base_of(QUEUE)
    }

    /// What the keys of any queue begin with.
    #[must_use]
    pub fn base_of(&self, queue: &str) -> String {
        format!("{}:{{{queue}}}:", self.prefix)
    }

    /// Starts a worker process, which reaches the server by this URL.
    #[must_use]
    pub fn worker(&self, url: &str, shift: Shift) -> Process {
        self.spawn("work", url, shift.arguments())
    }

    /// Starts a producer process. It ends when it has added what is ordered, or at SIGTERM.
    #[must_use]
    pub fn producer(&self, url: &str, order: Order) -> Process {
        self.spawn("produce", url, order.arguments())
    }

    /// Starts a process that only has a client, until SIGTERM.
    #[must_use]
    pub fn keeper(&self, url: &str) -> Process {
        self.spawn("keep", url, Vec::new())
    }

    pub(super) fn spawn(&self, mode: &str, url: &str, arguments: Vec<String>) -> Process {
        let mut command = Command::new(program());
        command.args([mode, url, &self.prefix]).arg(self.notes.path()).args(arguments);
        if let Some(clock) = &self.clock {
            clock.wind(&mut command);
        }
        Process::spawn(&mut command)
    }

    /// Waits until all jobs have ended, all their effects have been relayed, and exactly `workers`
    /// workers have a lease. False if that takes longer than `limit`.
    ///
    /// # Panics
    /// The server can't be reached.
    pub async fn is_settled(&self, url: &str, workers: u64, limit: Duration) -> bool {
        let (queue, deadline) = (self.queue(url).await, Instant::now() + limit);
        while Instant::now() < deadline {
            let counts = queue.counts().await.expect("the server is there");
            let waiting = counts.waiting + counts.delayed + counts.waiting_children;
            let left = waiting + counts.active + counts.effects;
            if left == 0 && counts.workers == workers {
                return true;
            }
            sleep(STEP).await;
        }
        false
    }

    /// Demands that all jobs end and exactly `workers` workers have a lease.
    ///
    /// # Panics
    /// That takes longer than `limit`; the message has what can be proven.
    pub async fn settled(&self, url: &str, workers: u64, limit: Duration) {
        if !self.is_settled(url, workers, limit).await {
            let counts = self.queue(url).await.counts().await;
            panic!("not settled in {limit:?}: {counts:?}\n{}", self.prove(url).await);
        }
    }

    /// Proves what can be proven, now. Nothing should change while it looks.
    ///
    /// # Panics
    /// The server can't be reached.
    pub async fn prove(&self, url: &str) -> Proof {
        let client = self.client(url).await;
        let ledger = Ledger::read(url, &self.base(), &client).await;
        Proof::of(&self.notes(), &ledger)
    }
}

async fn connect(url: &str, prefix: &str) -> jobqueue::Result<Client> {
    // Another process of a folder may be about to take the place of one that was killed.
    let builder = Client::builder(url).prefix(prefix);
    builder.wait_for_server(Duration::from_secs(5)).connect().await
}

/// The program of the processes: it stands beside this one, or, for a test binary, one folder
/// above.
fn program() -> PathBuf {
    let this = env::current_exe().expect("this program has a path");
    let here = this.ancestors().skip(1).take(2).map(|folder| folder.join("account"));
    here.into_iter().find(|path| path.is_file()).expect("the program `account` has been built")
}
