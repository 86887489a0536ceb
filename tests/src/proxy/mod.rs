//! A network that fails as told: a TCP proxy on loopback in front of a server.

mod relay;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{net::TcpListener, runtime, sync::watch};

use crate::{port, wait};

/// The fault that a [`Proxy`] causes, in open and in new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on, both ways.
    Forward,
    /// Passes everything on, each piece so much later. Pieces of one way keep their order.
    Delay(Duration),
    /// Passes everything on, this many bytes a second on each connection and each way.
    Thin(u32),
    /// Accepts connections and moves nothing, as when packets are dropped on the way: in another
    /// mode, the gathered bytes arrive.
    BlackHole,
    /// Ends a connection once this many more bytes of requests have reached the server.
    CutRequests(usize),
    /// Ends a connection once this many more bytes of replies have reached the client. With 0, the
    /// server carries a request out and the client never hears of it.
    CutReplies(usize),
    /// Requests arrive. Replies don't, and nobody notices: in another mode, they do.
    HoldReplies,
    /// Closes the way from the server to the client and keeps the other open.
    HalfClose,
    /// Ends all connections and doesn't listen.
    Refuse,
}

/// A proxy in front of one server, on a thread and a runtime of its own, so that a test that blocks
/// its runtime doesn't block the network. It ends when dropped, and all its connections with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// `None` once dropped, which is how the thread hears of it.
    orders: Option<watch::Sender<Orders>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The instructions to the proxy's tasks.
#[derive(Clone, Copy, Debug)]
struct Orders {
    mode: Mode,
    /// Where new connections lead.
    server: SocketAddr,
    /// Counts calls of `set`: each starts the bytes of a cut from 0.
    set: u64,
    /// Counts clearances: a connection ends once there has been one since it was accepted.
    cleared: u64,
    /// Connections up to this one, in the order in which they were accepted, move nothing.
    held: u64,
}

/// The counts that the proxy's tasks report.
#[derive(Debug, Default)]
struct Shared {
    listening: AtomicBool,
    accepted: AtomicU64,
}

impl Proxy {
    /// A proxy that forwards to `server`.
    ///
    /// # Panics
    /// It can't be started.
    #[must_use]
    pub fn start(server: SocketAddr) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port::free()));
        let (orders, told) =
            watch::channel(Orders { mode: Mode::Forward, server, set: 0, cleared: 0, held: 0 });
        let shared = Arc::new(Shared::default());
        let line = relay::Line { orders: told };
        let tell = shared.clone();
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(listen(address, line, &tell));
        });
        let proxy = Self { address, orders: Some(orders), shared, thread: Some(thread) };
        proxy.await_listening(true);
        proxy
    }

    /// Where clients find it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Does something else from now on. Once this returns, [`Mode::Refuse`] refuses and others
    /// accept.
    pub fn set(&self, mode: Mode) {
        self.order(|orders| {
            orders.mode = mode;
            orders.set += 1;
            orders.cleared += u64::from(mode == Mode::Refuse);
        });
        self.await_listening(mode != Mode::Refuse);
    }

    /// Ends all connections that it has accepted; new ones are accepted as before.
    pub fn drop_connections(&self) {
        self.order(|orders| orders.cleared += 1);
    }

    /// Leads new connections to another server; open ones stay where they are.
    pub fn lead_to(&self, server: SocketAddr) {
        self.order(|orders| orders.server = server);
    }

    /// Holds up all that is under way on the connections that it has accepted, until
    /// [`release`](Self::release). New ones are served as before.
    pub fn hold(&self) {
        let accepted = self.accepted();
        self.order(|orders| orders.held = accepted);
    }

    /// What was held up arrives, also from clients that have gone.
    pub fn release(&self) {
        self.order(|orders| orders.held = 0);
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        if let Some(orders) = &self.orders {
            orders.send_modify(change);
        }
    }

    fn await_listening(&self, wanted: bool) {
        wait::blocking("the proxy to do as told", || {
            let ended = self.thread.as_ref().is_some_and(JoinHandle::is_finished);
            assert!(!ended, "the proxy has ended");
            self.shared.listening.load(Ordering::Acquire) == wanted
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has no more to say: a panic of its own has been printed.
            let _ = thread.join();
        }
    }
}

/// Accepts connections while the mode lets it, until the proxy is dropped.
async fn listen(address: SocketAddr, line: relay::Line, tell: &Shared) {
    let mut orders = line.orders.clone();
    while orders.wait_for(|orders| orders.mode != Mode::Refuse).await.is_ok() {
        let listener = bind(address).await;
        tell.listening.store(true, Ordering::Release);
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (client, _) = accepted.expect("connections can be accepted");
                    // The select may take this branch though it has been told to refuse.
                    let told = *line.orders.borrow();
                    if told.mode != Mode::Refuse {
                        let number = tell.accepted.fetch_add(1, Ordering::Relaxed) + 1;
                        tokio::spawn(line.clone().relay(client, number, told.cleared));
                    }
                }
                refuse = orders.wait_for(|orders| orders.mode == Mode::Refuse) => {
                    match refuse {
                        Ok(_) => break,
                        Err(_) => return,
                    }
                }
            }
        }
        drop(listener);
        tell.listening.store(false, Ordering::Release);
    }
}

/// Binds the address that clients know, even if another process has it for a moment.
async fn bind(address: SocketAddr) -> TcpListener {
    wait::eventually("the proxy's port", async || TcpListener::bind(address).await.ok()).await
}

#[cfg(test)]
mod tests;
