//! Waiting for the wake token, on a connection of its own; and a fetch that is sent along with the
//! wait.
//!
//! Redis keeps a command that a connection sends behind a blocking one, and carries it out the
//! moment the blocking one ends. So an idle pump sends its next fetch behind the wait: when the
//! token comes, the job comes with it, and a round trip is saved. While this fetch is pending, the
//! pump makes no other call.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    error::{Error, Result},
    job::WorkerId,
    store::{
        QueueStore, Retries,
        worker::{Advance, Turn},
    },
    task::boxed,
    worker::config::MAX_SLEEP,
};

/// The pump's side of the waiting task.
#[derive(Debug)]
pub(super) struct WakeListener {
    wait_state: WaitState,
    /// How often the pump was woken.
    count: u64,
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
    /// The answer to the fetch that was sent along, and how many jobs it asked for.
    Turn(Result<Turn>, usize),
    /// Nothing: Redis refused to let it wait, and the wait goes on by looking from time to time.
    Refused(Error),
}

/// A fetch that is sent along with the wait, by a pump that holds nothing.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) worker: WorkerId,
    pub(super) lease: Duration,
    pub(super) want: usize,
}

#[derive(Debug)]
struct WaitRequest {
    fetch: Option<Fetch>,
    /// How often the pump had been woken when it made this request.
    count: u64,
}

impl WakeListener {
    pub(super) fn spawn(store: &QueueStore) -> Self {
        let store = store.with_own_connection();
        let (requests, given) = mpsc::unbounded_channel();
        // The token, a refusal, and the answer to a fetch that was sent when the token had come
        // already.
        let (wakes, woken) = mpsc::channel(3);
        let task = tokio::spawn(boxed(run(store.clone(), given, wakes)));
        Self { wait_state: WaitState::Idle, count: 0, requests, woken, task, store }
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
                Some(Woken::ForToken(_)) if self.wait_state == WaitState::ForJobs => {
                    self.count += 1
                }
                Some(refused @ Woken::Refused(_)) => return refused,
                Some(woken) => {
                    self.count += 1;
                    self.wait_state = WaitState::Idle;
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

async fn run(
    store: QueueStore,
    mut requests: mpsc::UnboundedReceiver<WaitRequest>,
    wakes: mpsc::Sender<Woken>,
) {
    let (mut retries, mut count) = (Retries::endless(), 0);
    while let Some(request) = requests.recv().await {
        let (token, woken) = match request.fetch {
            Some(fetch) if request.count < count => (Ok(true), Some(call(&store, fetch).await)),
            Some(fetch) => behind(store.wait_for_wake(MAX_SLEEP), &store, fetch).await,
            None => wait(&store, &mut requests).await,
        };
        count += 1;
        let woken = woken.unwrap_or(Woken::ForToken(matches!(token, Ok(true))));
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
async fn wait(
    store: &QueueStore,
    requests: &mut mpsc::UnboundedReceiver<WaitRequest>,
) -> (Result<bool>, Option<Woken>) {
    let mut token = std::pin::pin!(store.wait_for_wake(MAX_SLEEP));
    tokio::select! {
        biased;
        token = &mut token => (token, None),
        Some(WaitRequest { fetch: Some(fetch), .. }) = requests.recv() => {
            behind(token, store, fetch).await
        }
    }
}

/// A fetch behind a wait. They are sent in this order.
async fn behind(
    token: impl Future<Output = Result<bool>>,
    store: &QueueStore,
    fetch: Fetch,
) -> (Result<bool>, Option<Woken>) {
    let (token, woken) = tokio::join!(token, call(store, fetch));
    (token, Some(woken))
}

async fn call(store: &QueueStore, fetch: Fetch) -> Woken {
    let Fetch { worker, lease, want } = fetch;
    let advance = Advance {
        worker: &worker,
        lease,
        held: 0,
        want,
        throttle: Duration::ZERO,
        settlements: &[],
    };
    Woken::Turn(store.call_behind(MAX_SLEEP, &advance).await, want)
}
