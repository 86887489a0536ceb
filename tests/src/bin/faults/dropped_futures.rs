//! A heartbeat by `extend` beside the work, ended by `select!` when the work is done; and
//! acknowledgements, claims and flushes that nobody waits for any more.

use std::time::{Duration, Instant};

use jobqueue::{Client, Error, error::Refused};
use jobqueue_tests::server::RedisServer;
use tokio::time::{sleep, timeout};

use super::report::{Played, Report};

const DELIVERIES: u64 = 400;
const SECOND: Duration = Duration::from_secs(1);

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    heartbeats(&client, report).await?;
    acknowledgements(&client, report).await?;
    flushes(&client, report).await
}

async fn heartbeats(client: &Client, report: &mut Report) -> Played {
    let queue = client.queue("heartbeats")?;
    queue.add_all("ship", 0..DELIVERIES).await?;
    let receiver = queue.receiver().visibility(5 * SECOND);
    let (mut completed, mut lost) = (0, 0);
    for n in 0..DELIVERIES {
        let job = receiver.receive(1, SECOND).await?.pop().ok_or("no job")?;
        let heartbeat = async {
            loop {
                sleep(Duration::from_micros(500)).await;
                let _ = job.extend(5 * SECOND).await;
            }
        };
        tokio::select! {
            () = sleep(Duration::from_micros(500 + n * 9)) => {}
            () = heartbeat => {}
        }
        match job.complete().await {
            Ok(()) => completed += 1,
            Err(Error::Refused(Refused::LeaseLost { .. })) => lost += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let figure = format!("{completed} completed, {lost} refused as lost");
    report.check("work ends while an extend is under way", figure, "none lost", lost == 0);
    Ok(())
}

async fn acknowledgements(client: &Client, report: &mut Report) -> Played {
    let queue = client.queue("acknowledgements")?;
    queue.add_all("ship", 0..100_u64).await?;
    for job in queue.receive(100, SECOND).await? {
        let _ = timeout(Duration::from_micros(1), job.complete()).await;
    }
    let began = Instant::now();
    while queue.counts().await?.completed < 100 && began.elapsed() < 2 * SECOND {
        sleep(Duration::from_millis(5)).await;
    }
    let completed = queue.counts().await?.completed;
    let what = "100 acknowledgements are dropped as soon as they have begun";
    report.check(what, format!("{completed} completed"), "all", completed == 100);
    Ok(())
}

async fn flushes(client: &Client, report: &mut Report) -> Played {
    let topic = client.topic("events")?;
    topic.bind("bound", "#").await?;
    let mut longest = Duration::ZERO;
    for n in 0..40_u64 {
        client.publish("events", "k", n).await?;
        let _ = timeout(Duration::from_micros(n * 60), topic.flush()).await;
        let began = Instant::now();
        topic.flush().await?;
        longest = longest.max(began.elapsed());
    }
    let what = "a flush is dropped, and the next begins";
    report.check(what, format!("{longest:?} at most"), "under 2 s", longest < 2 * SECOND);
    Ok(())
}
