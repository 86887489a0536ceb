//! A folder of the embedded server that several processes share, and what becomes of it when the
//! one that serves is killed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jobqueue::Queue;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::{
    account::{Account, Order, Proof, Shift},
    process::{Process, Signal},
    wait::{LIMIT, eventually, eventually_within},
};

/// How long all jobs may take to end when nothing is killed any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many jobs may wait; more are refused, so that a long play can finish.
const QUEUE_LENGTH: u64 = 2_000;

/// A folder of the embedded server.
#[derive(Debug)]
pub struct SharedFolder(TempDir);

impl Default for SharedFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl SharedFolder {
    /// An empty one.
    ///
    /// # Panics
    /// There is no place for temporary files.
    #[must_use]
    pub fn new() -> Self {
        Self(TempDir::with_prefix("jobqueue-folder-").expect("a temporary directory"))
    }

    /// One in memory, where syncs cost nothing, if there is such a place.
    ///
    /// # Panics
    /// There is no place for temporary files.
    #[must_use]
    pub fn in_memory() -> Self {
        TempDir::with_prefix_in("jobqueue-folder-", "/dev/shm").map_or_else(|_| Self::new(), Self)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path().join("jobs")
    }

    /// The URL of who may serve it, and syncs each call then.
    #[must_use]
    pub fn url(&self) -> String {
        format!("embedded:{}?sync=always", self.path().display())
    }

    /// The URL of who only connects to the one that serves.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("unix://{}", self.path().join("socket").display())
    }

    /// The process that serves, or that did last.
    #[must_use]
    pub fn server(&self) -> Option<u32> {
        server_of(&self.path())
    }
}

/// The process that serves a folder, or that did last.
#[must_use]
pub fn server_of(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("lock")).ok()?.trim().parse().ok()
}

/// Load for a play: mixed jobs that are short.
fn orders() -> [Order; 2] {
    let time = Duration::from_millis(5);
    let single = Order { time, pause: time * 4, mixed: true, ..Order::default() };
    [single, Order { bulk: 20, pause: Duration::from_millis(200), ..single }]
}

async fn opened(url: &str) -> Account {
    let account = Account::open(url).await;
    let limits = account.queue(url).await.set_limits().max_length(QUEUE_LENGTH);
    limits.await.expect("limits can be set");
    account
}

/// A process that only serves, killed so many times in a row, with producers and workers beside
/// it. All that is acknowledged is kept, so no job may run twice.
///
/// # Panics
/// A process doesn't start or end, or nothing goes on.
pub async fn server_killed(times: usize) -> Proof {
    let folder = SharedFolder::new();
    let (url, socket) = (folder.url(), folder.socket_url());
    let account = opened(&url).await;
    let mut keeper = serving(&folder, &account).await;
    let mut producers = orders().map(|order| account.producer(&socket, order));
    // A lease that is far longer than any pause: a second run has another reason.
    let shift = Shift { lease: Duration::from_secs(60), ..Shift::default() };
    let mut workers = [(); 2].map(|()| account.worker(&socket, shift));
    let queue = account.queue(&socket).await;
    for _ in 0..times {
        progress(&queue, 30).await;
        keeper.signal(Signal::KILL);
        keeper.exit().await;
        keeper = serving(&folder, &account).await;
    }
    progress(&queue, 30).await;
    end(&mut producers).await;
    account.is_settled(&socket, workers.len() as u64, PATIENCE).await;
    end(&mut workers).await;
    account.prove(&socket).await
}

/// Starts a process that serves the folder.
async fn serving(folder: &SharedFolder, account: &Account) -> Process {
    let keeper = account.keeper(&folder.url());
    eventually("the keeper to serve", async || folder.server() == Some(keeper.pid())).await;
    keeper
}

/// Two producers and two workers on one folder, one of which serves. That one is killed every
/// `pause`, for `time`, and another of its kind is started. Also tells how often.
///
/// # Panics
/// A process doesn't start or end, or nothing goes on.
pub async fn four_processes(time: Duration, pause: Duration) -> (Proof, usize) {
    let folder = SharedFolder::new();
    let url = folder.url();
    let account = opened(&url).await;
    let produce = |at: usize| account.producer(&url, orders()[at]);
    let work = || {
        let shift = Shift { lease: Duration::from_secs(1), ..Shift::default() };
        account.worker(&url, shift)
    };
    let mut processes = [produce(0), produce(1), work(), work()];
    let (began, mut kills) = (Instant::now(), 0);
    while began.elapsed() < time {
        sleep(pause).await;
        let serving = eventually("one of them to serve", async || {
            let server = folder.server()?;
            processes.iter().position(|process| process.pid() == server)
        });
        let at = serving.await;
        processes[at].signal(Signal::KILL);
        processes[at].exit().await;
        processes[at] = if at < 2 { produce(at) } else { work() };
        kills += 1;
    }
    let (producers, workers) = processes.split_at_mut(2);
    // What is left is looked at by a client that is no candidate, until the last has gone.
    let socket = folder.socket_url();
    progress(&account.queue(&socket).await, 10).await;
    end(producers).await;
    account.is_settled(&socket, workers.len() as u64, PATIENCE).await;
    end(workers).await;
    let _serves = account.client(&url).await;
    (account.prove(&socket).await, kills)
}

/// Ends processes in good order.
async fn end(processes: &mut [Process]) {
    for process in &mut *processes {
        process.signal(Signal::TERM);
    }
    for process in processes {
        assert!(process.exit().await.success(), "{process}");
    }
}

/// Waits for some more jobs to complete.
async fn progress(queue: &Queue, jobs: u64) {
    let completed = async || queue.counts().await.ok().map(|counts| counts.total_completed);
    let before = eventually("an answer", completed).await;
    let more = async || completed().await.filter(|now| *now >= before + jobs);
    eventually_within(LIMIT * 2, "jobs to complete", more).await;
}
