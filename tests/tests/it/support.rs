//! Shared by the tests of behaviour: a client with keys of its own, and workers that are stopped.

use std::{
    env,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use jobqueue::{
    Client, Failure, JobHandle, JobState, Queue, Result, Worker, WorkerBuilder, WorkerHandle,
    receive::Delivery,
    telemetry::{WorkerEvent, WorkerEvents},
};
use jobqueue_tests::{names, shared};
use tokio::task::JoinHandle;

/// A client of the shared server with a prefix of its own, so that tests can use the same queue
/// names.
pub(crate) async fn client() -> Client {
    client_of(shared::url()).await
}

/// The same of any server.
pub(crate) async fn client_of(url: &str) -> Client {
    let builder = Client::builder(url).prefix(names::queue("t"));
    builder.connect().await.expect("the server is there")
}

/// A builder with sensible speed for tests.
pub(crate) fn worker(client: &Client) -> WorkerBuilder {
    Worker::builder(client).concurrency(8).drain_timeout(Duration::from_secs(10))
}

/// A worker in the background.
pub(crate) struct Running {
    pub(crate) handle: WorkerHandle,
    task: JoinHandle<Result<()>>,
}

impl Running {
    pub(crate) fn start(builder: WorkerBuilder) -> Self {
        let worker = builder.build().expect("a sound worker");
        let handle = worker.handle();
        let task = tokio::spawn(worker.run_until(pending()));
        Self { handle, task }
    }

    /// Lets runs end, and releases the rest after ten seconds.
    pub(crate) async fn stop(self) {
        self.stop_within(Duration::from_secs(10)).await;
    }

    pub(crate) async fn stop_within(self, drain: Duration) {
        self.handle.stop(drain);
        self.task.await.expect("no panic").expect("no error");
    }

    /// The result of a worker that ends by itself.
    pub(crate) async fn ended(self) -> Result<()> {
        self.task.await.expect("no panic")
    }
}

/// The next event that has happened already, if there is one.
pub(crate) async fn next_now(events: &mut WorkerEvents) -> Option<WorkerEvent> {
    tokio::time::timeout(Duration::ZERO, events.next()).await.ok().flatten()
}

/// Counts, from handlers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    /// One more; answers how many there were before.
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// At least this.
    pub(crate) fn raise(&self, to: usize) {
        self.0.fetch_max(to, Ordering::SeqCst);
    }
}

/// A connection for commands that the library has no call for, such as breaking things.
pub(crate) async fn raw(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("a good url");
    client.get_multiplexed_async_connection().await.expect("the server is there")
}

/// The same for code that isn't asynchronous.
pub(crate) fn blocking(url: &str) -> redis::Connection {
    let client = redis::Client::open(url).expect("a good url");
    client.get_connection().expect("the server is there")
}

/// A client as of [`client`], and the prefix of the keys of one of its queues.
pub(crate) async fn client_and_base(queue: &str) -> (Client, String) {
    let prefix = names::queue("t");
    let client = Client::builder(shared::url()).prefix(prefix.clone()).connect().await;
    (client.expect("the server is there"), format!("{prefix}:{{{queue}}}:"))
}

/// Ids, for comparing orders.
pub(crate) fn ids<T>(handles: &[JobHandle<T>]) -> Vec<String> {
    handles.iter().map(|handle| handle.id().to_string()).collect()
}

/// An error with its sources.
pub(crate) fn whole(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

/// The number that a variable of the environment sets.
pub(crate) fn number(variable: &str, unset: u32) -> u32 {
    let Ok(set) = env::var(variable) else { return unset };
    set.parse().unwrap_or_else(|error| panic!("{variable}={set}: {error}"))
}

/// What may start now, and isn't over yet.
pub(crate) async fn out(queue: &Queue, n: usize) -> Vec<Delivery> {
    queue.receive(n, Duration::ZERO).await.expect("received")
}

pub(crate) fn numbers(jobs: &[Delivery]) -> Vec<u32> {
    jobs.iter().map(|job| job.payload().expect("a number")).collect()
}

pub(crate) async fn complete(jobs: Vec<Delivery>) {
    for job in jobs {
        job.complete().await.expect("completed");
    }
}

/// A job in this state, if there is one.
pub(crate) async fn any_job(
    queue: &Queue,
    rng: &mut Rng,
    state: JobState,
) -> Option<JobHandle<serde_json::Value>> {
    let jobs = queue.jobs(state).page(0, 100).await.expect("read");
    rng.choice(&jobs).map(|job| queue.job(job.id.clone()))
}

/// Ends one of the jobs that are out, in any of the ways there are.
pub(crate) async fn settle_any(rng: &mut Rng, out: &mut Vec<Delivery>) {
    if out.is_empty() {
        return;
    }
    let job = out.swap_remove(rng.usize(..out.len()));
    let settled = match rng.u8(..8) {
        0 => job.fail(Failure::permanent("no")).await,
        1 => job.fail(Failure::retry_after(Duration::ZERO, "again")).await,
        2 => job.fail(Failure::retry_after(Duration::from_millis(5), "later")).await,
        3 | 4 => job.release().await,
        5 => job.retry_in(Duration::from_millis(3)).await,
        _ => job.complete().await,
    };
    settled.expect("settled");
}
