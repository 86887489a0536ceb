//! Thousands of deliveries out by hand, each of a receive of its own: what others pay for them; and
//! receives that are given up at any moment: what stays of them.

use std::time::Duration;

use jobqueue::{Client, JobId, JobState};
use jobqueue_tests::{
    commands::{count_from_now, counted},
    server::RedisServer,
};

use super::report::{Played, Report};

const OUT: usize = 2_000;
const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let (client, mut raw) = (Client::connect(&server.url()).await?, server.connection());
    let orders = client.queue("orders")?;
    orders.add_all("ship", 0..OUT as u64 + 2).await?;
    orders.set_limits().max_active(100_000).await?;
    let receiver = orders.receiver().visibility(HOUR);
    let mut out = Vec::new();
    while out.len() < OUT {
        out.extend(receiver.receive(1, SECOND).await?);
    }
    let unknown: JobId = "nobody".parse()?;
    for what in ["counts", "remove of an unknown id", "page of active", "receive with max_active"] {
        count_from_now(&mut raw);
        match what {
            "counts" => drop(orders.counts().await?),
            "remove of an unknown id" => drop(orders.job(&unknown).remove().await),
            "page of active" => drop(orders.jobs(JobState::Active).page(0, 1).await?),
            _ => drop(receiver.receive(1, SECOND).await?),
        }
        let commands = counted(&mut raw);
        let figure = format!("{commands} commands with {OUT} out");
        report.check(what, figure, "60 at most", commands <= 60);
    }
    given_up(&client, report).await
}

async fn given_up(client: &Client, report: &mut Report) -> Played {
    let empty = client.queue("empty")?;
    for n in 0..500_u64 {
        let receive = empty.receive(1, Duration::from_millis(n % 6)).visibility(HOUR);
        let moment = Duration::from_micros(n * 16);
        let _ = tokio::time::timeout(moment, receive.into_future()).await;
    }
    tokio::time::sleep(SECOND).await;
    let workers = empty.counts().await?.workers;
    let figure = format!("{workers} names stay");
    report.check("500 receives are given up at any moment", figure, "none", workers == 0);
    Ok(())
}
