//! The network: every connection is a pair of ways, and each piece of bytes takes its time, or is
//! hit by a fault.

mod reading;

use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jobqueue::internals::simulation;
use jobqueue_engine::serve;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf},
    sync::Notify,
    time::{Instant, sleep, timeout},
};

pub(crate) use self::reading::Reading;
use crate::{
    book::Book,
    executor,
    plan::{Hit, Way},
    process::Process,
    server::Server,
};

/// How many bytes a way holds.
const PIPE: usize = 1 << 20;

/// When a connection that says nothing any more is found to be dead by the server's kernel.
const KEPT_ALIVE: Duration = Duration::from_secs(30);

/// The way between all processes and the server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Network(Arc<Inner>);

struct Inner {
    server: Arc<Server>,
    /// The process of all that isn't ours.
    world: Process,
    book: Book,
    reading: Reading,
    state: Mutex<State>,
    /// Told when all connections break.
    cut: Notify,
}

struct State {
    rng: fastrand::Rng,
    /// What hits a next piece, and how many it lets pass.
    hits: Vec<(Way, u32, Hit)>,
    down_until: Option<Instant>,
    dialled: u64,
}

/// One connection.
struct Line {
    network: Network,
    number: u64,
    process: Process,
    /// Whether faults hit it.
    hit: bool,
}

impl Network {
    pub(crate) fn new(server: &Arc<Server>, world: &Process, book: &Book, seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        Self(Arc::new(Inner {
            server: server.clone(),
            world: world.clone(),
            book: book.clone(),
            reading: Reading::new(book.is_readable()),
            state: Mutex::new(State { rng, hits: Vec::new(), down_until: None, dialled: 0 }),
            cut: Notify::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client of a process; faults may hit its connections.
    pub(crate) fn client(&self, process: &Process, hit: bool) -> jobqueue::ClientBuilder {
        let (network, process) = (self.clone(), process.clone());
        simulation::client(move || network.dial(&process, hit))
    }

    fn dial(&self, process: &Process, hit: bool) -> DuplexStream {
        let (client, near) = tokio::io::duplex(PIPE);
        let number = {
            let mut state = self.state();
            state.dialled += 1;
            if hit && state.down_until.is_some_and(|until| Instant::now() < until) {
                return client;
            }
            state.dialled
        };
        let (far, server) = tokio::io::duplex(PIPE);
        let engine = self.0.server.engine();
        executor::detach_in(&self.0.world, async move {
            let _ = serve(engine, server).await;
        });
        let line = Line { network: self.clone(), number, process: process.clone(), hit };
        executor::detach_in(&self.0.world, line.carry(near, far));
        client
    }

    /// From now on, a piece is hit.
    pub(crate) fn hit(&self, way: Way, after: u32, hit: Hit) {
        self.state().hits.push((way, after, hit));
    }

    /// All connections break.
    pub(crate) fn cut_all(&self) {
        self.0.cut.notify_waiters();
    }

    /// Nobody can connect for a while.
    pub(crate) fn go_down(&self, time: Duration) {
        self.state().down_until = Some(Instant::now() + time);
        self.cut_all();
    }

    /// From now on nothing breaks.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        state.hits.clear();
        state.down_until = None;
    }
}

impl State {
    /// How long the next piece takes, and what hits it.
    fn roll(&mut self, way: Way, hit: bool) -> (u64, Option<Hit>) {
        let takes = [0, 0, 0, 1, 1, 2, 5][self.rng.usize(..7)];
        if !hit {
            return (takes, None);
        }
        let mut found = None;
        for (index, (of, after, _)) in self.hits.iter_mut().enumerate() {
            if *of == way && *after > 0 {
                *after -= 1;
            } else if *of == way && found.is_none() {
                found = Some(index);
            }
        }
        (takes, found.map(|index| self.hits.remove(index).2))
    }
}

impl Line {
    async fn carry(self, near: DuplexStream, far: DuplexStream) {
        let (near_in, near_out) = tokio::io::split(near);
        let (far_in, far_out) = tokio::io::split(far);
        let cut = self.network.0.cut.notified();
        tokio::select! {
            biased;
            () = cut, if self.hit => {}
            () = self.go(Way::There, near_in, far_out) => {}
            () = self.go(Way::Back, far_in, near_out) => {}
        }
    }

    async fn go(
        &self,
        way: Way,
        mut from: ReadHalf<DuplexStream>,
        mut to: WriteHalf<DuplexStream>,
    ) {
        let mut buffer = Vec::with_capacity(64 << 10);
        loop {
            buffer.clear();
            let Ok(1..) = from.read_buf(&mut buffer).await else { return };
            let (takes, hit) = self.network.state().roll(way, self.hit);
            self.tell(way, &buffer, hit);
            if takes > 0 {
                sleep(Duration::from_millis(takes)).await;
            }
            let arrives = match hit {
                Some(Hit::Lost) => return,
                Some(Hit::Silence) => {
                    let _ = timeout(KEPT_ALIVE, pending::<()>()).await;
                    return;
                }
                Some(Hit::Torn) => buffer.len() / 2,
                Some(Hit::Late(ms)) => {
                    sleep(Duration::from_millis(ms)).await;
                    buffer.len()
                }
                Some(Hit::Last) | None => buffer.len(),
            };
            let written = to.write_all(&buffer[..arrives]).await;
            if written.is_err() || matches!(hit, Some(Hit::Torn | Hit::Last)) {
                return;
            }
        }
    }

    fn tell(&self, way: Way, bytes: &[u8], hit: Option<Hit>) {
        let Inner { book, reading, .. } = &*self.network.0;
        book.happened(bytes, || {
            let (who, number) = (self.process.name(), self.number);
            let arrow = if way == Way::There { "->" } else { "<-" };
            let fault = hit.map_or(String::new(), |hit| format!("   *** {hit:?}"));
            format!("{who} #{number} {arrow} {}{fault}", reading.text(way, bytes))
        });
    }
}
