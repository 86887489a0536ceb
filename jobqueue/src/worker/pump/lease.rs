//! Heartbeats, from a thread and over a connection of their own: so a handler that blocks the
//! runtime doesn't cost the other runs their lease.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    clock,
    error::{Error, Result},
    job::WorkerId,
    store::{QueueStore, worker},
    task::boxed,
    value_error::Invalid,
    worker::telemetry::Telemetry,
};

/// A pump that has made no step for this long is stuck.
const STUCK: Duration = Duration::from_secs(30);

/// When a worker says that it has heard of its jobs, if no call has said so before. So short runs
/// cost no more, and a job that kills its worker sooner counts once as one whose answer was lost.
const CONFIRM: Duration = Duration::from_millis(50);

/// What a pump and the heartbeat thread share.
#[derive(Debug)]
pub(crate) struct Lease {
    store: QueueStore,
    length: Duration,
    began: Instant,
    worker: Mutex<Option<WorkerId>>,
    /// How many jobs the pump holds.
    held: AtomicUsize,
    /// When the lease was last moved, and when the pump last made a step: ms since `began`.
    renewed: AtomicU64,
    stepped: AtomicU64,
    /// Whether a call of the pump is under way, whose answer may bring jobs.
    asking: AtomicBool,
    /// When the last answer came, if it brought jobs and no call was made since; else 0.
    fetched: AtomicU64,
    lost: Notify,
}

impl Lease {
    pub(crate) fn new(store: &QueueStore, length: Duration) -> Arc<Self> {
        Arc::new(Self {
            store: store.with_own_connection(),
            length,
            began: Instant::now(),
            worker: Mutex::default(),
            held: AtomicUsize::default(),
            renewed: AtomicU64::default(),
            stepped: AtomicU64::default(),
            asking: AtomicBool::default(),
            fetched: AtomicU64::default(),
            lost: Notify::new(),
        })
    }

    /// The name whose lease is kept from now on; none stops the heartbeats.
    pub(super) fn keep(&self, worker: Option<WorkerId>) {
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = worker;
    }

    /// The pump makes a call. It says that the answers before have been heard.
    pub(super) fn asks(&self) {
        self.asking.store(true, Ordering::Relaxed);
        self.fetched.store(0, Ordering::Relaxed);
    }

    /// A call has moved the lease; the pump holds this many jobs now, and perhaps has yet to say that
    /// those from this call have arrived.
    pub(super) fn renewed(&self, held: usize, confirms: bool) {
        self.asking.store(false, Ordering::Relaxed);
        self.fetched.store(if confirms { self.now().max(1) } else { 0 }, Ordering::Relaxed);
        self.held.store(held, Ordering::Relaxed);
        self.renewed.store(self.now(), Ordering::Relaxed);
    }

    /// In how long it is to be said that the last answer has been heard; none if it needn't.
    pub(super) fn confirm_in(&self) -> Option<Duration> {
        let fetched = self.fetched.load(Ordering::Relaxed);
        (fetched > 0).then(|| CONFIRM.saturating_sub(self.since(&self.fetched)))
    }

    /// That is being said.
    pub(super) fn confirms(&self) {
        self.fetched.store(0, Ordering::Relaxed);
    }

    /// The pump is alive.
    pub(super) fn step(&self) {
        self.stepped.store(self.now(), Ordering::Relaxed);
    }

    /// Waits until a heartbeat finds that the lease is lost.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn since(&self, mark: &AtomicU64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(mark.load(Ordering::Relaxed)))
    }

    /// Moves the lease, if it is time.
    async fn beat(&self, telemetry: &Telemetry) {
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(worker) = worker else { return };
        // An idle pump calls more often than its lease runs out, and each call moves it.
        let holds = self.held.load(Ordering::Relaxed) > 0;
        let pause = if holds { self.length / 3 } else { self.length * 2 / 3 };
        if self.since(&self.renewed) < pause {
            return;
        }
        let heard = !self.asking.load(Ordering::Relaxed);
        let beat = worker::Heartbeat { worker: &worker, lease: self.length, heard };
        match self.store.call(&beat).await {
            Ok(_) => self.renewed.store(self.now(), Ordering::Relaxed),
            Err(error) if error.is_lease_lost() => {
                let mut current = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
                // Unless the pump has found out by itself meanwhile.
                if current.as_ref() == Some(&worker) {
                    *current = None;
                    self.lost.notify_one();
                }
            }
            Err(error) => telemetry.heartbeat_failed(self.store.name(), &error),
        }
    }

    fn watch(&self, telemetry: &Telemetry) {
        let since = self.since(&self.stepped);
        if since > STUCK {
            telemetry.stuck(self.store.name(), since);
            self.step();
        }
    }
}

/// Starts the thread that keeps the leases of a worker's pumps. It ends with the last of them.
pub(crate) fn start(leases: &[Arc<Lease>], telemetry: Telemetry) -> Result<()> {
    let tick = leases.iter().map(|lease| lease.length / 10).min().unwrap_or(Duration::from_secs(1));
    let leases: Vec<Weak<Lease>> = leases.iter().map(Arc::downgrade).collect();
    if clock::is_virtual() {
        // The thread would have the system's time.
        tokio::spawn(boxed(keep(leases, telemetry, tick)));
        return Ok(());
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(thread_error)?;
    let heart = thread::Builder::new().name("jobqueue-heart".to_owned());
    let spawned = heart.spawn(move || runtime.block_on(keep(leases, telemetry, tick)));
    spawned.map(drop).map_err(thread_error)
}

fn thread_error(error: std::io::Error) -> Error {
    let problem = "the thread that renews leases can't start";
    Invalid::setup(problem, "raise the process's limit of threads").because(error).into()
}

async fn keep(leases: Vec<Weak<Lease>>, telemetry: Telemetry, tick: Duration) {
    // Each in a task: one after another, a slow queue would delay the others.
    let mut beats: HashMap<usize, tokio::task::JoinHandle<()>> = HashMap::new();
    loop {
        let mut alive = false;
        for (index, lease) in leases.iter().enumerate() {
            let Some(lease) = lease.upgrade() else { continue };
            alive = true;
            lease.watch(&telemetry);
            if beats.get(&index).is_none_or(tokio::task::JoinHandle::is_finished) {
                let telemetry = telemetry.clone();
                beats.insert(
                    index,
                    tokio::spawn(boxed(async move { lease.beat(&telemetry).await })),
                );
            }
        }
        if !alive {
            return;
        }
        tokio::time::sleep(tick).await;
    }
}
