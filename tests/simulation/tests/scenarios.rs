//! What the simulation has found, each as a story: a seed means something else once the plans
//! change.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use jobqueue::{Client, Context, Failure, JobState, State, Worker, internals::simulation, job};
use jobqueue_engine::{Clock, Engine, Reply, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};

/// A server whose connections can be cut.
#[derive(Clone)]
struct Server {
    engine: Arc<Engine>,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
    wire: Arc<Mutex<Wire>>,
}

/// What becomes of what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Sound,
    /// Requests arrive, and no reply does.
    Mute,
    /// Nobody is there.
    Dead,
}

impl Server {
    fn start() -> Self {
        Self::of(Engine::new(Clock::tokio_from(1_767_225_600_000), 1))
    }

    fn of(engine: Arc<Engine>) -> Self {
        let wire = Arc::new(Mutex::new(Wire::Sound));
        Self { engine, connections: Arc::default(), wire }
    }

    /// The same server, by another way.
    fn elsewhere(&self) -> Self {
        Self::of(self.engine.clone())
    }

    fn dial(&self) -> DuplexStream {
        let (ours, near) = tokio::io::duplex(1 << 20);
        let (far, theirs) = tokio::io::duplex(1 << 20);
        if self.wire() == Wire::Dead {
            return ours;
        }
        let engine = self.engine.clone();
        let serving = tokio::spawn(async move { drop(serve(engine, theirs).await) });
        let (mut from_client, mut to_client) = tokio::io::split(near);
        let (mut from_server, mut to_server) = tokio::io::split(far);
        let there =
            tokio::spawn(
                async move { drop(tokio::io::copy(&mut from_client, &mut to_server).await) },
            );
        let server = self.clone();
        let back = tokio::spawn(async move {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                if server.wire() == Wire::Sound
                    && to_client.write_all(&bytes[..count]).await.is_err()
                {
                    break;
                }
            }
        });
        self.connections.lock().expect("no panic").extend([serving, there, back]);
        ours
    }

    fn wire(&self) -> Wire {
        *self.wire.lock().expect("no panic")
    }

    /// From now on this becomes of what is sent.
    fn set(&self, wire: Wire) {
        *self.wire.lock().expect("no panic") = wire;
        if wire == Wire::Dead {
            self.cut();
        }
    }

    /// Waits for something to be there, and goes on at just this moment.
    async fn holds(&self, command: &'static str, key: &'static str) {
        let words = [command, key].map(Bytes::from);
        let moment = async {
            loop {
                // All that happens in one ms of the tests' time is seen step by step.
                for _ in 0..1_000 {
                    if self.engine.call(&words) == Reply::Integer(1) {
                        return;
                    }
                    step().await;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(timeout(Duration::from_secs(60), moment).await.is_ok(), "{key} stays empty");
    }

    fn cut(&self) {
        self.connections.lock().expect("no panic").drain(..).for_each(|it| it.abort());
    }

    async fn client(&self) -> Client {
        let server = self.clone();
        simulation::client(move || server.dial()).connect().await.expect("it is there")
    }

    /// A replica takes over.
    fn fail_over(&self, copy: jobqueue_engine::Copy) {
        self.cut();
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

#[job(queue = "doomed", attempts = 1, dead_letter = "graves")]
async fn doomed(_nothing: (), gate: State<Gate>) -> Result<(), Failure> {
    gate.begun.fetch_add(1, Ordering::Relaxed);
    gate.ends.acquire().await.expect("it stays open").forget();
    Err(Failure::permanent("never"))
}

#[job(queue = "other")]
async fn other(_nothing: ()) {}

/// Lets each task that is ready have its turn, once. Tokio's own `yield_now` lets them go on until none
/// is ready.
async fn step() {
    let mut had_turn = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut had_turn, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

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

/// A worker doesn't hear that its call was carried out, which settled one job and handed out another,
/// and is told to stop while it can't ask. Back on the network, it told again what became of its job,
/// under the same name: the server counts jobs, and it did hold one. So a job that was another
/// worker's by then was taken from it.
#[tokio::test(start_paused = true)]
async fn what_has_perhaps_been_settled_is_not_told_again_by_a_worker_that_stops() {
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    for later in (0..3_000).step_by(100) {
        let server = Server::start();
        let far = server.elsewhere();
        let client = server.client().await;
        let gate = Gate { ends: Arc::new(Semaphore::new(0)), begun: Arc::default() };
        let worker = Worker::builder(&far.client().await).handler(gated).state(gate.clone());
        let worker = worker.concurrency(1).build().expect("a worker");
        let (handle, running) =
            (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
        let first = client.add(gated, true).await.expect("it is added");
        until("it runs", async || gate.begun.load(Ordering::Relaxed) == 1).await;
        client.add(gated, false).await.expect("it is added");

        far.set(Wire::Mute);
        gate.ends.add_permits(1);
        let is_delayed = async || first.state().await.expect("a state") == Some(JobState::Delayed);
        until("it waits to be tried again", is_delayed).await;
        far.set(Wire::Dead);
        handle.stop(Duration::ZERO);
        tokio::time::sleep(Duration::from_millis(later)).await;
        far.set(Wire::Sound);
        running.await.expect("no panic").expect("it ends");
        let events = ["XRANGE", "jq:{gated}:events", "-", "+"].map(Bytes::from);
        let events = format!("{:?}", server.engine.call(&events));
        assert_eq!(events.matches("retrying").count(), 1, "after {later} ms: {events}");
    }
}

/// A dead letter had arrived, and a replica took over that had its outbox, but not the letter. The
/// relay knew that it had arrived, and removed it there.
#[tokio::test(start_paused = true)]
async fn what_a_replica_lacks_is_brought_again() {
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    // The replica takes over so many steps of the program's tasks after the letter is there.
    for steps in 0..60 {
        // As a task like the others.
        let brought = tokio::spawn(bring_again(steps));
        let brought = timeout(Duration::from_secs(120), brought).await;
        brought.unwrap_or_else(|_| panic!("after {steps} steps: not brought")).expect("no panic");
    }
}

async fn bring_again(steps: usize) {
    let server = Server::start();
    let far = server.elsewhere();
    let client = server.client().await;
    let gate = Gate { ends: Arc::new(Semaphore::new(0)), begun: Arc::default() };
    let worker = Worker::builder(&far.client().await).handler(doomed).state(gate.clone());
    let worker = worker.concurrency(1).build().expect("a worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let job = client.add(doomed, ()).await.expect("it is added");
    while gate.begun.load(Ordering::Relaxed) < 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    far.set(Wire::Mute);
    gate.ends.add_permits(1);
    while job.state().await.expect("a state") != Some(JobState::Failed) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let copy = server.engine.copy();
    // Its worker hears of that, and brings the letter.
    far.set(Wire::Dead);
    far.set(Wire::Sound);
    server.holds("ZCARD", "jq:{graves}:waiting").await;
    for _ in 0..steps {
        step().await;
    }
    far.cut();
    server.fail_over(copy);
    let letters = client.dead_letters("graves").expect("a name");
    while letters.count().await.is_ok_and(|count| count == 0) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    handle.stop(Duration::from_secs(1));
    running.await.expect("no panic").expect("it ends well");
}
