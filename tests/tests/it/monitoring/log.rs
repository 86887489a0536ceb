//! The lines of the log during an outage.

use std::time::Duration;

use jobqueue::{DurationExt as _, WorkerBuilder, job};
use jobqueue_tests::{
    log_lines::LogLines,
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};
use tokio::time::sleep;

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

/// One thread, so that the subscriber hears of all tasks; heartbeats have a thread of their own.
#[tokio::test]
async fn an_outage_is_a_line_when_it_begins_and_one_when_it_ends() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = client_of(&server.url_through(&proxy)).await;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let running = Running::start(all(worker(&client)));
    sleep(500.millis()).await;
    let before = lines.counts();
    proxy.set(Mode::Refuse);
    sleep(2.seconds()).await;
    assert_eq!(lines.counts().warnings - before.warnings, 1, "one line when it begins");
    proxy.set(Mode::Forward);
    eventually("the word that it is over", async || lines.counts().infos > before.infos).await;
    sleep(Duration::from_secs(1)).await;
    let after = lines.counts();
    let lines = (after.warnings - before.warnings, after.infos - before.infos);
    assert_eq!(lines, (1, 1), "and one when it ends");
    running.stop().await;
}
