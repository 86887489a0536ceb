//! An operator clears a limit that the code of workers sets, and other workers start.

use std::time::Duration;

use jobqueue::{Client, Rate, Worker, job};
use jobqueue_tests::server::RedisServer;
use tokio::sync::oneshot;

use super::report::{Played, Report};

#[job(queue = "calls")]
async fn call(_n: u64) {}

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("calls")?;
    serve(&client).await?;
    let code = queue.limits().await?.max_active;
    queue.set_limits().rate(None).max_active(None).await?;
    serve(&client).await?;
    let limits = queue.limits().await?;
    let cleared = (limits.rate.is_none(), limits.max_active);
    let figure = format!("max_active {code:?}, then {:?}, rate {:?}", cleared.1, limits.rate);
    report.check("cleared, and a worker starts", figure, "no limit", cleared == (true, None));
    queue.set_limits().rate_from_code().max_active_from_code().await?;
    serve(&client).await?;
    let max = queue.limits().await?.max_active;
    let asked = "what the code says";
    report.check("given back to the code", format!("max_active {max:?}"), asked, max == Some(3));
    Ok(())
}

/// A worker that runs one job.
async fn serve(client: &Client) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let builder = Worker::builder(client).handler(call).queue_concurrency(3);
    // A burst for each of the plays.
    let worker = builder.queue_rate(Rate::new(1, HOUR).burst(9)).build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(worker.run_until(async move { drop(stopped.await) }));
    client.add(call, 1).await?.result().await?;
    drop(stop);
    running.await??;
    Ok(())
}
