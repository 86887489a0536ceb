//! A handler that obeys the word to stop at a shutdown, and returns an error, costs no attempt.

use std::{future::pending, time::Duration};

use jobqueue::{Client, Context, Failure, Worker, job};
use jobqueue_tests::server::RedisServer;
use tokio::time::sleep;

use super::report::{Played, Report};

#[job(queue = "polite", attempts = 1)]
async fn polite(_: u32, ctx: Context) -> Result<(), Failure> {
    ctx.cancelled().await;
    Err(Failure::retry("told to stop"))
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let job = client.add(polite, 1).await?;
    for _ in 0..3 {
        let worker = Worker::builder(&client).handler(polite).build()?;
        let (handle, task) = (worker.handle(), tokio::spawn(worker.run_until(pending())));
        sleep(Duration::from_millis(200)).await;
        handle.stop(Duration::ZERO);
        task.await??;
    }
    let info = job.info().await?;
    let figure = format!("{}, {} attempts", info.state, info.attempts_made);
    report.check(
        "after three deploys, with attempts = 1",
        &figure,
        "waiting, 0 attempts",
        figure == "waiting, 0 attempts",
    );
    Ok(())
}
