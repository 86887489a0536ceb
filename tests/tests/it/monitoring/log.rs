//! The lines of the log during an outage.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{DurationExt as _, WorkerBuilder, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};
use tokio::time::sleep;
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

use crate::support::{Running, client_of, worker};

macro_rules! queues {
    ($($name:ident $queue:literal),*) => {
        $(#[job(queue = $queue)]
        async fn $name(_n: u32) {})*

        /// With a handler of each queue.
        fn all(builder: WorkerBuilder) -> WorkerBuilder {
            builder$(.handler($name))*
        }
    };
}

queues!(
    a "a", b "b", c "c", d "d", e "e", f "f", g "g", h "h", i "i"
);

/// Counts events of the library by level: warnings or worse, and information.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<[usize; 2]>>);

impl Lines {
    fn counts(&self) -> [usize; 2] {
        *self.0.lock().expect("not poisoned")
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("jobqueue::")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut counts = self.0.lock().expect("not poisoned");
        match *event.metadata().level() {
            Level::ERROR | Level::WARN => counts[0] += 1,
            Level::INFO => counts[1] += 1,
            _ => {}
        }
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// One thread, so that the subscriber hears of all tasks; heartbeats have a thread of their own.
#[tokio::test]
async fn an_outage_is_a_line_when_it_begins_and_one_when_it_ends() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = client_of(&server.url_through(&proxy)).await;
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let running = Running::start(all(worker(&client)));
    sleep(500.millis()).await;
    let before = lines.counts();
    proxy.set(Mode::Refuse);
    sleep(2.seconds()).await;
    let [warnings, _] = lines.counts();
    assert_eq!(warnings - before[0], 1, "one line when it begins");
    proxy.set(Mode::Forward);
    eventually("the word that it is over", async || lines.counts()[1] > before[1]).await;
    sleep(Duration::from_secs(1)).await;
    let after = lines.counts();
    assert_eq!((after[0] - before[0], after[1] - before[1]), (1, 1), "and one when it ends");
    running.stop().await;
}
