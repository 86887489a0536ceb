//! What the log says while a server is away.

use std::{error::Error, thread};

use jobqueue::{Client, DurationExt as _, Worker, WorkerBuilder, job};
use jobqueue_tests::{
    log_lines::{Counts, LogLines},
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};
use tokio::{runtime::Builder, time::sleep};

use super::report::{Played, Report};

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

pub(crate) async fn play(report: &mut Report) -> Played {
    // One thread of its own, so that the subscriber hears of all tasks.
    let playing = thread::spawn(|| {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(outage())
    });
    let [during, in_all] = playing.join().map_err(|_| "the outage couldn't be played")??;
    report.check(
        "a worker of 9 queues, and 5 s without its server",
        format!("{} warnings meanwhile, {} in all", during.warnings, in_all.warnings),
        "1 and 1",
        (during.warnings, in_all.warnings) == (1, 1),
    );
    let word = format!("{} lines", in_all.infos);
    report.check("the word that it is over", word, "1 line", in_all.infos == 1);
    Ok(())
}

/// The lines before the server was back, and after.
async fn outage() -> Result<[Counts; 2], Box<dyn Error + Send + Sync>> {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = Client::connect(&server.url_through(&proxy)).await?;
    let lines = LogLines::default();
    let _guard = tracing::subscriber::set_default(lines.clone());
    let worker = all(Worker::builder(&client)).build()?;
    let (handle, running) = (worker.handle(), tokio::spawn(worker.run()));
    client.add(a, 1).await?.result().await?;
    let before = lines.counts();
    proxy.set(Mode::Refuse);
    sleep(5.seconds()).await;
    let during = lines.counts();
    proxy.set(Mode::Forward);
    eventually("the word that it is over", async || lines.counts().infos > before.infos).await;
    sleep(1.seconds()).await;
    let after = lines.counts();
    handle.stop(1.seconds());
    running.await??;
    let since = |now: Counts| Counts {
        warnings: now.warnings - before.warnings,
        infos: now.infos - before.infos,
    };
    Ok([since(during), since(after)])
}
