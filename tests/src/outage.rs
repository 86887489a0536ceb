//! A worker of nine queues whose server is away for a while, and what the log says.

use std::{error::Error, time::Duration};

use jobqueue::{Client, Worker, WorkerBuilder, job};
use tokio::time::sleep;

use crate::{
    log_lines::{Counts, LogLines},
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};

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

/// The lines of an outage.
#[derive(Clone, Copy, Debug)]
pub struct OutageLines {
    /// While the server was away.
    pub meanwhile: Counts,
    /// Until a second after it was back.
    pub in_all: Counts,
}

/// Plays an outage of this length. On a runtime of one thread, so that the subscriber hears of all tasks;
/// heartbeats have a thread of their own.
///
/// # Errors
/// The worker can't be built, or ends.
pub async fn play(length: Duration) -> Result<OutageLines, Box<dyn Error + Send + Sync>> {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = Client::connect(&server.url_through(&proxy)).await?;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let worker = all(Worker::builder(&client)).build()?;
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    sleep(Duration::from_millis(500)).await;
    let before = lines.counts();
    proxy.set(Mode::Refuse);
    sleep(length).await;
    let meanwhile = lines.counts().since(before);
    proxy.set(Mode::Forward);
    eventually("the word that it is over", async || lines.counts().infos > before.infos).await;
    sleep(Duration::from_secs(1)).await;
    let in_all = lines.counts().since(before);
    handle.stop(Duration::from_secs(10));
    running.await??;
    Ok(OutageLines { meanwhile, in_all })
}
