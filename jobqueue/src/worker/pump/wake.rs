//! Waiting for the wake token, on a connection of its own; and a fetch that is sent along with the
//! wait.
//!
//! Redis keeps a command that a connection sends behind a blocking one, and carries it out the
//! moment the blocking one ends. So an idle pump sends its next fetch behind the wait: when the
//! token comes, the job comes with it, and a round trip is saved. While this fetch is pending, the
//! pump makes no other call.
//!
//! A wait has a name, by which another call can end it. So a pump that stops knows whether its wait
//! took the token before: a wait that is dropped with its connection may still take one.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle, time::timeout};

use crate::{
    error::{Error, Result},
    job::WorkerId,
    store::{
        QueueStore, Retries,
        worker::{Advance, Rooms, Turn},
    },
    task::boxed,
    worker::config::MAX_SLEEP,
};

/// The pump's side of the waiting task.
#[derive(Debug)]
pub(super) struct WakeListener {
    /// The name of its waits.
    name: WorkerId,
    wait_state: WaitState,
    /// How often the pump was woken.
    count: u64,
    /// Whether the token has come before the answer to a pending fetch.
    took: bool,
    requests: mpsc::UnboundedSender<WaitRequest>,
    woken: mpsc::Receiver<Woken>,
    task: JoinHandle<()>,
    store: QueueStore,
}

/// What the task waits for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitState {
    Idle,
    ForToken,
    ForJobs,
}

/// Why the pump is woken.
#[derive(Debug)]
pub(super) enum Woken {
    /// `true`: the token has come, and this worker has taken it. `false`: none came for a while.
    ForToken(bool),
    /// The answer to the fetch that was sent along, how many jobs it asked for, and whether the
    /// token came before.
    Turn { turn: Result<Turn>, want: usize, token: bool },
    /// Nothing: Redis refused to let it wait, and the wait goes on by looking from time to time.
    Refused(Error),
}

/// A fetch that is sent along with the wait, by a pump that holds nothing.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) worker: WorkerId,
    pub(super) lease: Duration,
    pub(super) want: usize,
    pub(super) rooms: Rooms,
}

#[derive(Debug)]
struct WaitRequest {
    fetch: Option<Fetch>,
    /// How often the pump had been woken when it made this request.
    count: u64,
}

impl WakeListener {
    pub(super) fn spawn(store: &QueueStore) -> Self {
        let (name, store) = (WorkerId::generate(), store.with_own_connection());
        let (requests, given) = mpsc::unbounded_channel();
        // The token, a refusal, and the answer to a fetch that was sent when the token had come
        // already.
        let (wakes, woken) = mpsc::channel(3);
        let task = tokio::spawn(boxed(run(Wait::new(&store, &name), given, wakes)));
        let wait_state = WaitState::Idle;
        Self { name, wait_state, count: 0, took: false, requests, woken, task, store }
    }

    /// Waits from now on, until [`next`](Self::next) answers. A fetch that is added later joins the
    /// wait.
    pub(super) fn wait(&mut self, fetch: Option<Fetch>) {
        let wait_state = if fetch.is_some() { WaitState::ForJobs } else { WaitState::ForToken };
        if self.wait_state == WaitState::Idle
            || (self.wait_state, wait_state) == (WaitState::ForToken, WaitState::ForJobs)
        {
            self.wait_state = wait_state;
            // The task ends only with this listener.
            let _ = self.requests.send(WaitRequest { fetch, count: self.count });
        }
    }

    /// Waits until the pump is woken.
    pub(super) async fn next(&mut self) -> Woken {
        loop {
            match self.woken.recv().await {
                // The fetch was sent when the token had come: its answer follows at once.
                Some(Woken::ForToken(token)) if self.wait_state == WaitState::ForJobs => {
                    self.count += 1;
                    self.took |= token;
                }
                Some(refused @ Woken::Refused(_)) => return refused,
                Some(mut woken) => {
                    self.count += 1;
                    self.wait_state = WaitState::Idle;
                    if let Woken::Turn { token, .. } = &mut woken {
                        *token |= std::mem::take(&mut self.took);
                    }
                    return woken;
                }
                // The task never ends by itself; if it was aborted, so is this pump.
                None => std::future::pending().await,
            }
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.wait_state != WaitState::Idle
    }

    /// The name of the wait that goes on, if one does.
    pub(super) fn waits_as(&self) -> Option<&WorkerId> {
        self.is_waiting().then_some(&self.name)
    }

    /// Waits for the end of a wait that Redis was told to end. Whether it had taken the token; yes
    /// if that can't be found out within `limit`.
    pub(super) async fn ended(&mut self, limit: Duration) -> bool {
        let end = async {
            loop {
                match self.next().await {
                    Woken::ForToken(token) | Woken::Turn { token, .. } => return token,
                    Woken::Refused(_) => {}
                }
            }
        };
        match timeout(limit, end).await {
            Ok(token) => token,
            Err(_) => {
                self.abandon();
                true
            }
        }
    }

    /// Drops a wait that can't be ended in good order, with its connection.
    pub(super) fn abandon(&mut self) {
        *self = Self::spawn(&self.store);
    }

    /// Whether a fetch is pending. Until it is answered, it isn't known which jobs this worker
    /// holds.
    pub(super) fn is_fetching(&self) -> bool {
        self.wait_state == WaitState::ForJobs
    }
}

impl Drop for WakeListener {
    fn drop(&mut self) {
        self.task.abort();
        // An abandoned wait could take a token that is meant for another worker.
        self.store.disconnect();
    }
}

/// What the task waits with.
struct Wait {
    store: QueueStore,
    name: WorkerId,
}

impl Wait {
    fn new(store: &QueueStore, name: &WorkerId) -> Self {
        Self { store: store.clone(), name: name.clone() }
    }

    async fn for_token(&self) -> Result<bool> {
        self.store.wait_for_wake(&self.name, MAX_SLEEP).await
    }

    /// A fetch behind the wait. They are sent in this order.
    async fn for_jobs(
        &self,
        token: impl Future<Output = Result<bool>>,
        fetch: Fetch,
    ) -> (Result<bool>, Option<Fetched>) {
        let (token, fetched) = tokio::join!(token, call(&self.store, fetch));
        (token, Some(fetched))
    }
}

/// The answer to a fetch, and how many jobs it asked for.
type Fetched = (Result<Turn>, usize);

async fn run(
    wait: Wait,
    mut requests: mpsc::UnboundedReceiver<WaitRequest>,
    wakes: mpsc::Sender<Woken>,
) {
    let (mut retries, mut count) = (Retries::endless(), 0);
    while let Some(request) = requests.recv().await {
        let (token, fetched) = match request.fetch {
            Some(fetch) if request.count < count => {
                (Ok(false), Some(call(&wait.store, fetch).await))
            }
            Some(fetch) => wait.for_jobs(wait.for_token(), fetch).await,
            None => wait_for_either(&wait, &mut requests).await,
        };
        count += 1;
        let took = matches!(token, Ok(true));
        let woken = match fetched {
            Some((turn, want)) => Woken::Turn { turn, want, token: took },
            None => Woken::ForToken(took),
        };
        if wakes.send(woken).await.is_err() {
            return;
        }
        let Err(error) = token else {
            retries = Retries::endless();
            continue;
        };
        // If Redis is unavailable, the pump's own calls find out, and tell.
        if matches!(error, Error::Refused(_))
            && wakes.send(Woken::Refused(error.clone())).await.is_err()
        {
            return;
        }
        // A wait that ends at once is no wait: the next one begins after a pause.
        let _ = retries.wait_or(error).await;
    }
}

/// Waits for the token; and for a fetch too, if the pump requests one meanwhile.
async fn wait_for_either(
    wait: &Wait,
    requests: &mut mpsc::UnboundedReceiver<WaitRequest>,
) -> (Result<bool>, Option<Fetched>) {
    let mut token = std::pin::pin!(wait.for_token());
    tokio::select! {
        biased;
        token = &mut token => (token, None),
        Some(WaitRequest { fetch: Some(fetch), .. }) = requests.recv() => {
            wait.for_jobs(token, fetch).await
        }
    }
}

async fn call(store: &QueueStore, fetch: Fetch) -> Fetched {
    let Fetch { worker, lease, want, rooms } = fetch;
    let advance = Advance {
        worker: &worker,
        lease,
        held: 0,
        want,
        throttle: Duration::ZERO,
        rooms: &rooms,
        settlements: &[],
    };
    (store.call_behind(MAX_SLEEP, &advance).await, want)
}
