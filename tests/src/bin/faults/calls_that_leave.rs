//! A request that leaves its queue without a run is answered at once.

use std::time::Instant;

use jobqueue::{Client, DurationExt as _, JobState, manage::Overflow};
use jobqueue_tests::server::RedisServer;

use super::report::{Played, Report};

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("rpc")?;
    for how in ["remove", "cancel", "drain", "obliterate", "overflow"] {
        queue.create().await?;
        queue.pause().await?;
        let call = queue.call("quote", &1).timeout(10.seconds());
        let call = tokio::spawn(async move { call.await.map_err(|error| error.to_string()) });
        let id = loop {
            match queue.jobs(JobState::Waiting).ids(0, 1).await?.pop() {
                Some(id) => break id,
                None => tokio::time::sleep(5.millis()).await,
            }
        };
        let began = Instant::now();
        match how {
            "remove" => queue.job(id).remove().await?,
            "cancel" => drop(queue.job(id).cancel().await?),
            "drain" => drop(queue.drain().await?),
            "obliterate" => queue.obliterate().await?,
            _ => {
                queue.set_limits().max_length(1).overflow(Overflow::DropOldest).await?;
                queue.add("quote", &2).await?;
            }
        }
        let answer = call.await?;
        let took = began.elapsed();
        let figure = format!("{} ms, failed {}", took.as_millis(), answer.is_err());
        report.check(how, figure, "under 2 s, failed", took < 2.seconds() && answer.is_err());
    }
    Ok(())
}
