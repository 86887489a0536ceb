//! What the simulation has found, each as a story: a seed means something else once the plans
//! change.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use jobqueue::{Client, Context, Failure, JobState, State, Worker, internals::simulation, job};
use jobqueue_engine::{Clock, Engine, serve};
use tokio::{io::DuplexStream, sync::Semaphore, task::JoinHandle, time::timeout};

/// A server whose connections can be cut.
#[derive(Clone)]
struct Server {
    engine: Arc<Engine>,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Server {
    fn start() -> Self {
        let engine = Engine::new(Clock::tokio_from(1_767_225_600_000), 1);
        Self { engine, connections: Arc::default() }
    }

    fn dial(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let engine = self.engine.clone();
        let connection = tokio::spawn(async move { drop(serve(engine, theirs).await) });
        self.connections.lock().expect("no panic").push(connection);
        ours
    }

    async fn client(&self) -> Client {
        let server = self.clone();
        simulation::client(move || server.dial()).connect().await.expect("it is there")
    }

    /// A replica takes over.
    fn fail_over(&self, copy: jobqueue_engine::Copy) {
        self.connections.lock().expect("no panic").drain(..).for_each(|it| it.abort());
        self.engine.take_over(copy);
    }
}

/// Lets runs end, one by one, and counts those that began.
#[derive(Clone)]
struct Gate {
    ends: Arc<Semaphore>,
    begun: Arc<AtomicU32>,
}

#[job(queue = "gated", attempts = 5, backoff = fixed("10s"), retain = all)]
async fn gated(fails: bool, ctx: Context, gate: State<Gate>) -> Result<(), Failure> {
    gate.begun.fetch_add(1, Ordering::Relaxed);
    gate.ends.acquire().await.expect("it stays open").forget();
    if fails && ctx.attempt() == 1 { Err(Failure::retry("not this time")) } else { Ok(()) }
}

#[job(queue = "other")]
async fn other(_nothing: ()) {}

/// Waits until that is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(Duration::from_secs(60), wait).await.is_ok(), "not within a minute: {what}");
}

/// A worker holds one job, and so it did when the copy was made: but another one. It didn't notice
/// the failover, since another of its queues was the first to connect anew. When it settled its job,
/// the server took its word that this was the one that it held, and forgot the other.
#[tokio::test(start_paused = true)]
async fn a_job_that_a_replica_believes_to_be_active_is_not_lost() {
    // Without it, the heart of a worker would beat in a thread of its own, by the system's time.
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    let server = Server::start();
    let client = server.client().await;
    let gate = Gate { ends: Arc::new(Semaphore::new(0)), begun: Arc::default() };
    let worker = Worker::builder(&server.client().await)
        .handler(gated)
        .handler(other)
        .state(gate.clone())
        .concurrency(1)
        .build()
        .expect("a worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let begun = async |count| gate.begun.load(Ordering::Relaxed) == count;

    let first = client.add(gated, true).await.expect("it is added");
    until("the first runs", || begun(1)).await;
    let copy = server.engine.copy();
    // It is to be tried again in ten seconds, which the replica doesn't know.
    gate.ends.add_permits(1);
    let is = async |state| first.state().await.is_ok_and(|now| now == Some(state));
    until("it waits", || is(JobState::Delayed)).await;
    let second = client.add(gated, false).await.expect("it is added");
    until("the second runs", || begun(2)).await;

    server.fail_over(copy);
    // Another queue of this worker finds a connection.
    let nudge = async || {
        let job = client.add(other, ()).await.expect("it is added");
        timeout(Duration::from_secs(30), job.result()).await.is_ok()
    };
    assert!(nudge().await, "it goes on");
    gate.ends.add_permits(10);
    until("the first completes", || is(JobState::Completed)).await;
    // Its add was lost with the last writes, and so it is no more.
    assert_eq!(second.state().await.expect("it answers"), None);
    let counts = client.queue("gated").expect("a queue").counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.active, counts.delayed), (0, 0, 0), "{counts:?}");
    handle.stop(Duration::from_secs(1));
    running.await.expect("no panic").expect("it ends well");
}
