//! The stage of a run: the server, the network, the processes.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use jobqueue::{Client, WorkerHandle, internals::simulation};
use jobqueue_engine::{Clock, Reply};
use tokio::{sync::OnceCell, time::sleep};

use crate::{
    book::Book, executor, judge::Finding, mutant::Mutant, network::Network, plan::Plan,
    process::Process, server::Server,
};

/// When each run begins: 2026-01-01T00:00:00Z, in ms since the epoch.
pub(crate) const BEGIN: i64 = 1_767_225_600_000;

/// For how long calls of processes wait for the server to come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// All of it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Stage(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) plan: Plan,
    pub(crate) server: Arc<Server>,
    pub(crate) network: Network,
    pub(crate) book: Book,
    clock: simulation::Clock,
    /// Of what isn't one of ours: the network, the server, who breaks things.
    pub(crate) world: Process,
    /// Who looks on, undisturbed.
    pub(crate) observer: Actor,
    pub(crate) operator: Actor,
    producers: Mutex<Vec<Actor>>,
    pub(crate) workers: Mutex<Vec<WorkerActor>>,
    made: AtomicUsize,
    /// How much of the plan has begun and not ended.
    open: Arc<AtomicUsize>,
    /// The same of its faults.
    breaking: Arc<AtomicUsize>,
    /// The same of its operations.
    operating: Arc<AtomicUsize>,
    /// From when to when writes were lost, by the run's time.
    pub(crate) lost: Mutex<Vec<(Duration, Duration)>>,
    /// What is wrong with the server itself.
    pub(crate) broken: Mutex<Vec<Finding>>,
}

/// A process and its client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(crate) process: Process,
    client: Arc<OnceCell<Client>>,
    hit: bool,
}

/// A worker's process.
#[derive(Clone)]
pub(crate) struct WorkerActor {
    pub(crate) actor: Actor,
    pub(crate) handle: Arc<Mutex<Option<WorkerHandle>>>,
}

/// Something that has begun, until this is dropped.
pub(crate) struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Actor {
    fn new(process: Process, hit: bool) -> Self {
        Self { process, client: Arc::default(), hit }
    }

    /// Its client. It connects as soon as it can.
    pub(crate) async fn client(&self, network: &Network) -> Client {
        let connect = async || loop {
            let builder = network.client(&self.process, self.hit).retry_timeout(PATIENCE);
            if let Ok(client) = builder.wait_for_server(PATIENCE).connect().await {
                return client;
            }
            sleep(Duration::from_millis(100)).await;
        };
        self.client.get_or_init(connect).await.clone()
    }
}

impl std::ops::Deref for Stage {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Stage {
    pub(crate) fn new(plan: Plan, readable: bool, mutant: Option<Mutant>) -> Self {
        let begin = u64::try_from(BEGIN).unwrap_or_default();
        let (clock, book) = (simulation::Clock::starting_at(BEGIN), Book::new(readable));
        let world = Process::new("world", clock);
        let server = Server::new(Clock::tokio_from(begin), plan.seed, plan.needs_log(), mutant);
        let server = Arc::new(server);
        let network = Network::new(&server, &world, &book, plan.seed);
        let actor = |name: &str, hit| Actor::new(Process::new(name, clock), hit);
        Self(Arc::new(Inner {
            observer: actor("observer", false),
            operator: actor("operator", true),
            producers: Mutex::new(vec![actor("producer-0", true), actor("producer-1", true)]),
            workers: Mutex::default(),
            made: AtomicUsize::new(0),
            open: Arc::default(),
            breaking: Arc::default(),
            operating: Arc::default(),
            lost: Mutex::default(),
            broken: Mutex::default(),
            plan,
            server,
            network,
            book,
            clock,
            world,
        }))
    }

    /// Something has begun.
    pub(crate) fn open(&self) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self.open.clone())
    }

    /// A fault has begun.
    pub(crate) fn breaks(&self) -> Open {
        self.breaking.fetch_add(1, Ordering::Relaxed);
        Open(self.breaking.clone())
    }

    /// Whether a fault goes on.
    pub(crate) fn is_breaking(&self) -> bool {
        self.breaking.load(Ordering::Relaxed) > 0
    }

    /// An operation has begun.
    pub(crate) fn operates(&self) -> Open {
        self.operating.fetch_add(1, Ordering::Relaxed);
        Open(self.operating.clone())
    }

    /// Whether an operation goes on.
    pub(crate) fn is_operating(&self) -> bool {
        self.operating.load(Ordering::Relaxed) > 0
    }

    /// Whether all that has begun has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.open.load(Ordering::Relaxed) == 0
    }

    /// Says what happens, for people.
    pub(crate) fn say(&self, text: impl FnOnce() -> String) {
        self.book.happened(b"said", text);
    }

    /// Does something in a process.
    pub(crate) fn run_in(&self, process: &Process, act: impl Future<Output = ()> + Send + 'static) {
        let open = self.open();
        executor::detach_in(process, async move {
            let _open = open;
            act.await;
        });
    }

    pub(crate) fn producer(&self, index: usize) -> Actor {
        lock(&self.producers)[index % 2].clone()
    }

    /// Another process takes the place of a producer's.
    pub(crate) fn replace_producer(&self, index: usize) -> Process {
        let new = self.new_process(&format!("producer-{}", index % 2));
        let new = Actor::new(new, true);
        std::mem::replace(&mut lock(&self.producers)[index % 2], new).process
    }

    pub(crate) fn new_worker(&self, index: usize) -> WorkerActor {
        let actor = Actor::new(self.new_process(&format!("worker-{index}")), true);
        WorkerActor { actor, handle: Arc::default() }
    }

    fn new_process(&self, name: &str) -> Process {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        Process::new(format!("{name}.{number}"), self.clock)
    }

    /// A command to the server, past the network.
    pub(crate) fn ask(&self, words: &[&str]) -> Reply {
        let words: Vec<Bytes> = words.iter().map(|word| Bytes::from((*word).to_owned())).collect();
        self.server.engine().call(&words)
    }

    /// The server's time, in ms since the epoch.
    pub(crate) fn now(&self) -> u64 {
        let Reply::Array(parts) = self.ask(&["TIME"]) else { return 0 };
        let number = |at: usize| match parts.get(at) {
            Some(Reply::Bulk(text)) => String::from_utf8_lossy(text).parse().unwrap_or(0),
            _ => 0_u64,
        };
        number(0) * 1_000 + number(1) / 1_000
    }

    /// A number of the server's, past the network.
    pub(crate) fn count(&self, command: &str, key: &str) -> i64 {
        match self.ask(&[command, key]) {
            Reply::Integer(number) => number,
            Reply::Array(items) => i64::try_from(items.len()).unwrap_or(i64::MAX),
            _ => 0,
        }
    }
}

/// The prefix of a queue's keys.
pub(crate) fn base(queue: &str) -> String {
    format!("jq:{{{queue}}}:")
}
