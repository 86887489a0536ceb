//! A queue's rate is reached by any number of workers, and not exceeded.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jobqueue::{Client, Rate, State, Worker, job};
use jobqueue_tests::server::RedisServer;
use tokio::{sync::Notify, task::JoinSet, time::timeout};

use super::report::{Played, Report};

/// When runs began.
#[derive(Clone, Default)]
struct Starts(Arc<(Mutex<Vec<Instant>>, Notify)>);

#[job(queue = "rated", retain = none)]
async fn call(_n: u32, starts: State<Starts>) {
    starts.0.0.0.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    starts.0.0.1.notify_one();
}

pub(crate) async fn play(report: &mut Report) -> Played {
    for (max, ms, workers, jobs) in
        [(1, 1_000, 3, 6), (10, 1_000, 5, 30), (50, 1_000, 5, 100), (500, 1_000, 2, 1_000)]
    {
        let rate = Rate::new(max, Duration::from_millis(ms));
        let reached = reached(rate, workers, jobs).await?;
        report.check(
            &format!("{max} per {ms} ms, burst 1, {workers} workers"),
            format!("{:.1} % of the rate", reached * 100.0),
            "98 to 101 %",
            (0.98..=1.01).contains(&reached),
        );
    }
    Ok(())
}

/// The share of the rate that was reached.
async fn reached(
    rate: Rate,
    workers: usize,
    jobs: u32,
) -> Result<f64, Box<dyn std::error::Error + Send + Sync>> {
    let (server, starts) = (RedisServer::start(), Starts::default());
    let client = Client::connect(&server.url()).await?;
    client.queue("rated")?.set_limits().rate(rate).await?;
    client.add_all(call, 0..jobs).await?;
    let mut pumps = JoinSet::new();
    for _ in 0..workers {
        let builder = Worker::builder(&client).handler(call).state(starts.clone());
        pumps.spawn(builder.build()?.run_until(std::future::pending()));
    }
    let all = async {
        loop {
            starts.0.1.notified().await;
            let times = starts.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if times.len() >= jobs as usize {
                return times;
            }
        }
    };
    let times = timeout(Duration::from_secs(60), all).await?;
    let (first, last) = (times.iter().min(), times.iter().max());
    let took = last.zip(first).map_or(Duration::ZERO, |(last, first)| *last - *first);
    let ideal = rate.per() * (jobs - 1) / rate.max();
    Ok(ideal.as_secs_f64() / took.as_secs_f64())
}
