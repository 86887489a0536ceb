//! Heartbeats, from a thread and over a connection of their own: so a handler that blocks the
//! runtime doesn't cost the other runs their lease.
//!
//! While jobs are held, that connection waits between two heartbeats for word of jobs that are to end
//! as cancelled. It needs no other connection for that, and no word is lost: what a wait misses, the
//! next heartbeat's answer says.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    clock,
    error::{Error, Result},
    job::{QueueName, WorkerId},
    store::{Marked, QueueStore, worker},
    task::boxed,
    value_error::Invalid,
    worker::{run::Hold, telemetry::Telemetry},
};

/// When a worker says that it has heard of its jobs, if no call has said so before. So short runs
/// cost no more, and a job that kills its worker sooner counts once as one whose answer was lost.
const CONFIRM: Duration = Duration::from_millis(50);

/// A wait for word ends so long before the next heartbeat is due: servers look for waits that are
/// over ten times a second. What is shorter than this isn't worth a wait.
const SLACK: Duration = Duration::from_millis(100);

/// How long the thread gathers pumps that hurry, before it looks at all leases.
const GATHER: Duration = Duration::from_millis(10);

/// What a pump and the heartbeat thread share.
#[derive(Debug)]
pub(crate) struct Lease {
    store: QueueStore,
    hold: Arc<Hold>,
    began: Instant,
    worker: Mutex<Option<WorkerId>>,
    /// How many jobs the pump holds.
    held: AtomicUsize,
    /// When the lease was last moved: ms since `began`.
    renewed: AtomicU64,
    steps: Steps,
    /// Whether a call of the pump is under way, whose answer may bring jobs.
    asking: AtomicBool,
    /// When the last answer came, if it brought jobs and no call was made since; else 0.
    fetched: AtomicU64,
    word: Word,
}

/// The pump's steps: ms since the lease began.
#[derive(Debug, Default)]
struct Steps {
    /// When it last made one.
    last: AtomicU64,
    /// When it was last told that the pump is stuck.
    told: AtomicU64,
}

/// How the pump of a lease is.
pub(crate) struct Pulse<'a> {
    pub(crate) queue: &'a QueueName,
    /// Whether it has a name at the queue.
    pub(crate) joined: bool,
    pub(crate) held: usize,
    /// How long ago it made a step, and Redis moved its lease.
    pub(crate) step: Duration,
    pub(crate) answer: Duration,
    pub(crate) length: Duration,
}

/// What the two tell each other.
#[derive(Debug, Default)]
struct Word {
    /// A heartbeat found that the lease is lost.
    lost: Notify,
    /// Jobs that are to end as cancelled, until the pump hears of them.
    marked: Mutex<Vec<Marked>>,
    told: Notify,
    /// Since when jobs are held and nobody waits for word of them: ms since the lease began; else 0.
    unheard: AtomicU64,
    /// Whether somebody waits for that.
    listens: AtomicBool,
    /// Another name is kept, or none.
    renamed: Notify,
    /// Whether the server refuses to let it wait: then heartbeats alone bring word.
    deaf: AtomicBool,
    /// Has the thread look at this lease at once.
    hurry: OnceLock<Arc<Notify>>,
}

impl Lease {
    /// A pump that has made no step for this long is stuck.
    pub(crate) const STUCK: Duration = Duration::from_secs(30);

    pub(crate) fn new(store: &QueueStore, length: Duration) -> Arc<Self> {
        Arc::new(Self {
            store: store.with_own_connection(),
            hold: Arc::new(Hold::new(length)),
            began: Instant::now(),
            worker: Mutex::default(),
            held: AtomicUsize::default(),
            renewed: AtomicU64::default(),
            steps: Steps::default(),
            asking: AtomicBool::default(),
            fetched: AtomicU64::default(),
            word: Word::default(),
        })
    }

    /// Until when the pump surely holds its jobs.
    pub(super) fn hold(&self) -> &Arc<Hold> {
        &self.hold
    }

    /// The name whose lease is kept from now on; none stops the heartbeats.
    pub(super) fn keep(&self, worker: Option<WorkerId>) {
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = worker;
        self.word.renamed.notify_waiters();
    }

    fn worker(&self) -> Option<WorkerId> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// These jobs are to end as cancelled.
    pub(super) fn tell(&self, marked: Vec<Marked>) {
        if !marked.is_empty() {
            self.word.marked.lock().unwrap_or_else(PoisonError::into_inner).extend(marked);
            self.word.told.notify_one();
        }
    }

    /// Waits for word of such jobs.
    pub(super) async fn next_marked(&self) -> Vec<Marked> {
        self.word.told.notified().await;
        std::mem::take(&mut *self.word.marked.lock().unwrap_or_else(PoisonError::into_inner))
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
        if held == 0 {
            self.word.unheard.store(0, Ordering::Relaxed);
        } else if !self.word.listens.load(Ordering::Relaxed)
            && self.word.unheard.load(Ordering::Relaxed) == 0
        {
            self.word.unheard.store(self.now().max(1), Ordering::Relaxed);
        }
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

    /// In how long jobs will have been held for a while, and somebody should wait for word of them,
    /// whatever calls are made meanwhile; none if nobody need or somebody does.
    pub(super) fn listen_in(&self) -> Option<Duration> {
        let unheard = self.word.unheard.load(Ordering::Relaxed);
        (unheard > 0).then(|| CONFIRM.saturating_sub(self.since(&self.word.unheard)))
    }

    /// Has the thread wait for word of jobs to cancel.
    pub(super) fn listen(&self) {
        self.word.unheard.store(0, Ordering::Relaxed);
        if let Some(hurry) = self.word.hurry.get() {
            hurry.notify_one();
        }
    }

    /// The pump is alive.
    pub(super) fn step(&self) {
        self.steps.last.store(self.now(), Ordering::Relaxed);
    }

    pub(crate) fn pulse(&self) -> Pulse<'_> {
        Pulse {
            queue: self.store.name(),
            joined: self.worker().is_some(),
            held: self.held.load(Ordering::Relaxed),
            step: self.since(&self.steps.last),
            answer: self.since(&self.renewed),
            length: self.hold.length(),
        }
    }

    /// Waits until a heartbeat finds that the lease is lost.
    pub(super) async fn lost(&self) {
        self.word.lost.notified().await;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn since(&self, mark: &AtomicU64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(mark.load(Ordering::Relaxed)))
    }

    /// Whether jobs are held: an idle pump calls more often than its lease runs out, and each call
    /// moves it.
    fn holds(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }

    /// In how long the next heartbeat is due.
    fn left(&self) -> Duration {
        let pause = if self.holds() { self.hold.length() / 3 } else { self.hold.length() * 2 / 3 };
        pause.saturating_sub(self.since(&self.renewed))
    }

    fn is_due(&self) -> bool {
        self.holds() || self.left().is_zero()
    }

    /// Waits for word of jobs to cancel until the next heartbeat is due, if jobs are held, and moves
    /// the lease if it is time. Whether to go on at once.
    async fn beat(&self, telemetry: &Telemetry) -> bool {
        let renamed = pin!(self.word.renamed.notified());
        let Some(worker) = self.worker() else { return false };
        let (holds, left) = (self.holds(), self.left());
        if !left.is_zero() {
            let wait = left.saturating_sub(SLACK);
            if !holds || wait < SLACK || self.word.deaf.load(Ordering::Relaxed) {
                return false;
            }
            let heard = tokio::select! {
                biased;
                () = renamed => {
                    // A wait that is left behind would hold up what comes next.
                    self.store.disconnect();
                    return true;
                }
                heard = self.store.wait_for_marked(&worker, wait) => heard,
            };
            match heard {
                Ok(Some(marked)) => {
                    self.tell(vec![marked]);
                    return true;
                }
                Ok(None) => {}
                Err(error) => self.word.deaf.store(!error.is_retryable(), Ordering::Relaxed),
            }
        }
        self.renew(&worker, telemetry).await && holds
    }

    /// Moves the lease. Whether that was done.
    async fn renew(&self, worker: &WorkerId, telemetry: &Telemetry) -> bool {
        if self.worker().as_ref() != Some(worker) {
            return false;
        }
        let heard = !self.asking.load(Ordering::Relaxed);
        let beat = worker::Heartbeat { worker, lease: self.hold.length(), heard };
        let asked = self.hold.asks();
        match self.store.call(&beat).await {
            Ok(marked) => {
                self.hold.answered(asked);
                self.renewed.store(self.now(), Ordering::Relaxed);
                self.tell(marked);
                return true;
            }
            Err(error) if error.is_lease_lost() => {
                let mut current = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
                // Unless the pump has found out by itself meanwhile.
                if current.as_ref() == Some(worker) {
                    *current = None;
                    self.word.lost.notify_one();
                }
            }
            Err(error) => telemetry.heartbeat_failed(self.store.name(), &error),
        }
        false
    }

    fn watch(&self, telemetry: &Telemetry) {
        let since = self.since(&self.steps.last);
        if since > Self::STUCK && self.since(&self.steps.told) > Self::STUCK {
            telemetry.stuck(self.store.name(), since);
            self.steps.told.store(self.now(), Ordering::Relaxed);
        }
    }
}

/// Starts the thread that keeps the leases of a worker's pumps. It ends with the last of them.
pub(crate) fn start(leases: &[Arc<Lease>], telemetry: Telemetry) -> Result<()> {
    let tick =
        leases.iter().map(|lease| lease.hold.length() / 10).min().unwrap_or(Duration::from_secs(1));
    let hurry = Arc::new(Notify::new());
    for lease in leases {
        let _ = lease.word.hurry.set(hurry.clone());
    }
    let leases: Vec<Weak<Lease>> = leases.iter().map(Arc::downgrade).collect();
    let keep = keep(leases, telemetry, (tick, hurry));
    if clock::is_virtual() {
        // The thread would have the system's time.
        tokio::spawn(boxed(keep));
        return Ok(());
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(thread_error)?;
    let heart = thread::Builder::new().name("jobqueue-heart".to_owned());
    let spawned = heart.spawn(move || runtime.block_on(keep));
    spawned.map(drop).map_err(thread_error)
}

fn thread_error(error: std::io::Error) -> Error {
    let problem = "the thread that renews leases can't start";
    Invalid::setup(problem, "raise the process's limit of threads").because(error).into()
}

async fn keep(
    leases: Vec<Weak<Lease>>,
    telemetry: Telemetry,
    (tick, hurry): (Duration, Arc<Notify>),
) {
    // Each in a task: one after another, a slow queue would delay the others.
    let mut beats: HashMap<usize, tokio::task::JoinHandle<()>> = HashMap::new();
    loop {
        let mut alive = false;
        for (index, weak) in leases.iter().enumerate() {
            let Some(lease) = weak.upgrade() else { continue };
            alive = true;
            lease.watch(&telemetry);
            let rests = || beats.get(&index).is_none_or(tokio::task::JoinHandle::is_finished);
            if lease.is_due() && rests() {
                let telemetry = telemetry.clone();
                beats.insert(index, tokio::spawn(boxed(beat(weak.clone(), telemetry))));
            }
        }
        if !alive {
            return;
        }
        tokio::select! {
            biased;
            () = tokio::time::sleep(tick) => {}
            // Other pumps most likely hurry too.
            () = hurry.notified() => tokio::time::sleep(GATHER).await,
        }
    }
}

/// Keeps a lease for as long as its pump holds jobs, and lives.
async fn beat(lease: Weak<Lease>, telemetry: Telemetry) {
    while let Some(lease) = lease.upgrade() {
        lease.word.listens.store(true, Ordering::Relaxed);
        let held = lease.holds();
        let goes_on = lease.beat(&telemetry).await;
        if !goes_on {
            lease.word.listens.store(false, Ordering::Relaxed);
            // Jobs that came meanwhile were not minded, since somebody seemed to listen.
            if held || !lease.holds() {
                return;
            }
        }
    }
}
