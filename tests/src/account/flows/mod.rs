//! Flows of an account: processes that start flows and that run their nodes, to be killed at any
//! moment, and whether afterwards each node has ended once, and each flow as it should.
//!
//! - [`faults`]: what is killed meanwhile
//! - [`jobs`]: the handlers of the nodes; those that wait for others check what they get
//! - [`kind`]: the flows: trees, graphs, batches, large ones, failing ones
//! - [`proof`]: whether what Redis has agrees with the notes

pub mod faults;
pub mod jobs;
pub mod kind;
pub mod proof;

use std::time::Duration;

use jobqueue::{Client, JobId, Result, Worker};
use tokio::{signal::unix::Signal, task::JoinSet};

use self::kind::Kind;
use super::{
    Account,
    note::{Book, Note},
};
use crate::process::Process;

/// The queues of the nodes. Each is the home of some flows. In a cluster they are on three masters.
pub const QUEUES: [&str; 3] = ["fan-orders", "fan-mails", "fan-users"];

/// How many flows are started at once.
const LINES: usize = 4;

impl Account {
    /// Starts a process that starts flows until SIGTERM.
    #[must_use]
    pub fn starter(&self, url: &str) -> Process {
        self.spawn("start-flows", url, Vec::new())
    }

    /// Starts a process that runs the nodes of flows.
    #[must_use]
    pub fn node_worker(&self, url: &str) -> Process {
        self.spawn("run-nodes", url, Vec::new())
    }
}

/// Starts flows until SIGTERM. What is being started then stays an intent.
pub(super) async fn start(client: Client, book: Book, mut terminate: Signal) {
    let mut lines = JoinSet::new();
    for _ in 0..LINES {
        let (client, book) = (client.clone(), book.clone());
        lines.spawn(async move {
            loop {
                one(&client, &book).await;
            }
        });
    }
    terminate.recv().await;
}

/// Starts a flow. If it is unknown whether it was started, it stays an intent.
async fn one(client: &Client, book: &Book) {
    let kind = Kind::any();
    let id = kind.id(JobId::generate().as_str());
    book.note(&Note::Intent { token: id.clone() });
    if let Ok(home) = kind.start(client, &id).await {
        book.note(&Note::Added { token: id, id: home });
    }
    tokio::time::sleep(Duration::from_millis(fastrand::u64(20..80))).await;
}

/// Runs nodes until SIGTERM.
pub(super) async fn run(client: Client, book: Book) -> Result<()> {
    Worker::builder(&client)
        .handler(jobs::leaf_orders)
        .handler(jobs::leaf_mails)
        .handler(jobs::leaf_users)
        .handler(jobs::join)
        .handler(jobs::load)
        .handler(jobs::crown)
        .handler(jobs::review)
        .handler(jobs::follow)
        .state(book)
        .concurrency(20)
        .lease(Duration::from_secs(1))
        // Workers die on purpose here; that is no reason to give a job up.
        .max_stalls(1_000_000)
        .run()
        .await
}
