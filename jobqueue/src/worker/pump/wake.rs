//! Waits for the wake token on a connection of its own, when the pump asks it to; and fetches with it.
//!
//! Redis holds back what a connection sends behind a command that blocks, and carries it out the moment that
//! is over. So an idle pump sends its next fetch behind the wait: when the token comes, the job comes with it,
//! without a way there and back between. Nothing else may move what the pump holds meanwhile.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    error::Result,
    job::WorkerId,
    store::{
        QueueStore, Retries,
        worker::{Advance, Turn},
    },
};

/// How long a worker sleeps at most before it looks for itself.
pub(crate) const MAX_SLEEP: Duration = Duration::from_secs(5);

/// The pump's ear.
#[derive(Debug)]
pub(crate) struct WakeListener {
    wait_state: WaitState,
    /// How much the pump has heard.
    count: u64,
    requests: mpsc::UnboundedSender<WaitRequest>,
    woken: mpsc::Receiver<Woken>,
    task: JoinHandle<()>,
    store: QueueStore,
}

/// What is listened for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitState {
    Idle,
    ForToken,
    ForJobs,
}

/// What the pump heard.
#[derive(Debug)]
pub(crate) enum Woken {
    /// The token, which is then this worker's: `true`. `false` if none came for a while.
    ForToken(bool),
    /// What the fetch brought that was sent along, and how many jobs it asked for.
    Turn(Result<Turn>, usize),
}

/// A fetch that goes with the wait, by a pump that holds nothing.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) worker: WorkerId,
    pub(crate) lease: Duration,
    pub(crate) want: usize,
}

#[derive(Debug)]
struct WaitRequest {
    fetch: Option<Fetch>,
    /// How much the pump had heard when it gave this.
    count: u64,
}

impl WakeListener {
    pub(crate) fn spawn(store: &QueueStore) -> Self {
        let store = store.with_own_connection();
        let (requests, given) = mpsc::unbounded_channel();
        // The token, and a fetch that was sent when the token was there already.
        let (tell, woken) = mpsc::channel(2);
        let task = tokio::spawn(run(store.clone(), given, tell));
        Self { wait_state: WaitState::Idle, count: 0, requests, woken, task, store }
    }

    /// Listens from now on, until something is [heard](Self::next). A fetch that comes later joins the wait.
    pub(crate) fn wait(&mut self, fetch: Option<Fetch>) {
        let wait_state = if fetch.is_some() { WaitState::ForJobs } else { WaitState::ForToken };
        if self.wait_state == WaitState::Idle
            || (self.wait_state, wait_state) == (WaitState::ForToken, WaitState::ForJobs)
        {
            self.wait_state = wait_state;
            // The task ends with this listener alone.
            let _ = self.requests.send(WaitRequest { fetch, count: self.count });
        }
    }

    /// Waits for what there is to hear.
    pub(crate) async fn next(&mut self) -> Woken {
        loop {
            match self.woken.recv().await {
                // The fetch was sent when the token had come: it follows at once.
                Some(Woken::ForToken(_)) if self.wait_state == WaitState::ForJobs => {
                    self.count += 1
                }
                Some(woken) => {
                    self.count += 1;
                    self.wait_state = WaitState::Idle;
                    return woken;
                }
                // The task never ends by itself; if it was ended, so is this pump.
                None => std::future::pending().await,
            }
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.wait_state != WaitState::Idle
    }

    /// Whether a fetch is on its way: until it is heard of, nobody knows what this worker holds.
    pub(crate) fn is_fetching(&self) -> bool {
        self.wait_state == WaitState::ForJobs
    }
}

impl Drop for WakeListener {
    fn drop(&mut self) {
        self.task.abort();
        // A wait that is left open could take a token that is meant for others.
        self.store.disconnect();
    }
}

async fn run(
    store: QueueStore,
    mut requests: mpsc::UnboundedReceiver<WaitRequest>,
    tell: mpsc::Sender<Woken>,
) {
    let (mut retries, mut told) = (Retries::endless(), 0);
    while let Some(request) = requests.recv().await {
        let woken = match request.fetch {
            Some(fetch) if request.count < told => call(&store, fetch).await,
            Some(fetch) => {
                // In this order they are sent.
                tokio::join!(store.wait_for_wake(MAX_SLEEP), call(&store, fetch)).1
            }
            None => wait(&store, &mut requests, &mut retries).await,
        };
        told += 1;
        if tell.send(woken).await.is_err() {
            return;
        }
    }
}

/// Waits for the token; and for a fetch too, if the pump orders one meanwhile.
async fn wait(
    store: &QueueStore,
    requests: &mut mpsc::UnboundedReceiver<WaitRequest>,
    retries: &mut Retries,
) -> Woken {
    let mut token = std::pin::pin!(store.wait_for_wake(MAX_SLEEP));
    let token = tokio::select! {
        biased;
        token = &mut token => token,
        Some(WaitRequest { fetch: Some(fetch), .. }) = requests.recv() => {
            return tokio::join!(token, call(store, fetch)).1;
        }
    };
    match token {
        Ok(token) => {
            *retries = Retries::endless();
            Woken::ForToken(token)
        }
        Err(error) => {
            // The pump's own calls find out what is wrong, and say it.
            let _ = retries.wait_or(error).await;
            Woken::ForToken(false)
        }
    }
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
