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
pub(crate) const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// The pump's ear.
#[derive(Debug)]
pub(crate) struct Listener {
    ear: Ear,
    /// How much the pump has heard.
    count: u64,
    orders: mpsc::UnboundedSender<Order>,
    heard: mpsc::Receiver<Heard>,
    task: JoinHandle<()>,
    store: QueueStore,
}

/// What is listened for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ear {
    Deaf,
    Token,
    Jobs,
}

/// What the pump heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The token, which is then this worker's: `true`. `false` if none came for a while.
    Token(bool),
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
struct Order {
    fetch: Option<Fetch>,
    /// How much the pump had heard when it gave this.
    count: u64,
}

impl Listener {
    pub(crate) fn spawn(store: &QueueStore) -> Self {
        let store = store.apart();
        let (orders, given) = mpsc::unbounded_channel();
        // The token, and a fetch that was sent when the token was there already.
        let (say, heard) = mpsc::channel(2);
        let task = tokio::spawn(run(store.clone(), given, say));
        Self { ear: Ear::Deaf, count: 0, orders, heard, task, store }
    }

    /// Listens from now on, until something is [heard](Self::hear). A fetch that comes later joins the wait.
    pub(crate) fn listen(&mut self, fetch: Option<Fetch>) {
        let ear = if fetch.is_some() { Ear::Jobs } else { Ear::Token };
        if self.ear == Ear::Deaf || (self.ear, ear) == (Ear::Token, Ear::Jobs) {
            self.ear = ear;
            // The task ends with this listener alone.
            let _ = self.orders.send(Order { fetch, count: self.count });
        }
    }

    /// Waits for what there is to hear.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            match self.heard.recv().await {
                // The fetch was sent when the token had come: it follows at once.
                Some(Heard::Token(_)) if self.ear == Ear::Jobs => self.count += 1,
                Some(heard) => {
                    self.count += 1;
                    self.ear = Ear::Deaf;
                    return heard;
                }
                // The task never ends by itself; if it was ended, so is this pump.
                None => std::future::pending().await,
            }
        }
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.ear != Ear::Deaf
    }

    /// Whether a fetch is on its way: until it is heard of, nobody knows what this worker holds.
    pub(crate) fn is_fetching(&self) -> bool {
        self.ear == Ear::Jobs
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
        // A wait that is left open could take a token that is meant for others.
        self.store.hang_up();
    }
}

async fn run(
    store: QueueStore,
    mut orders: mpsc::UnboundedReceiver<Order>,
    say: mpsc::Sender<Heard>,
) {
    let (mut retries, mut said) = (Retries::endless(), 0);
    while let Some(order) = orders.recv().await {
        let heard = match order.fetch {
            Some(fetch) if order.count < said => call(&store, fetch).await,
            Some(fetch) => {
                // In this order they are sent.
                tokio::join!(store.wait_for_wake(LONGEST_SLEEP), call(&store, fetch)).1
            }
            None => wait(&store, &mut orders, &mut retries).await,
        };
        said += 1;
        if say.send(heard).await.is_err() {
            return;
        }
    }
}

/// Waits for the token; and for a fetch too, if the pump orders one meanwhile.
async fn wait(
    store: &QueueStore,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    retries: &mut Retries,
) -> Heard {
    let mut token = std::pin::pin!(store.wait_for_wake(LONGEST_SLEEP));
    let token = tokio::select! {
        biased;
        token = &mut token => token,
        Some(Order { fetch: Some(fetch), .. }) = orders.recv() => {
            return tokio::join!(token, call(store, fetch)).1;
        }
    };
    match token {
        Ok(token) => {
            *retries = Retries::endless();
            Heard::Token(token)
        }
        Err(error) => {
            // The pump's own calls find out what is wrong, and say it.
            let _ = retries.wait_or(error).await;
            Heard::Token(false)
        }
    }
}

async fn call(store: &QueueStore, fetch: Fetch) -> Heard {
    let Fetch { worker, lease, want } = fetch;
    let advance =
        Advance { worker: &worker, lease, held: 0, want, hold: Duration::ZERO, settlements: &[] };
    Heard::Turn(store.call_behind(LONGEST_SLEEP, &advance).await, want)
}
