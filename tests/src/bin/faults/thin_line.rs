//! A hundred jobs of a megabyte, and a line that carries eight mebibytes a second: an answer with
//! all of them would miss its time limit, and so would each that followed.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jobqueue::{Client, DurationExt as _, JobState, State, Worker, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
};
use tokio::time::{Instant, sleep};

use super::report::{Played, Report};

const JOBS: u64 = 100;

#[job(queue = "large", attempts = 1, retain = all)]
async fn measure(text: String, runs: State<Arc<AtomicU64>>) -> usize {
    runs.fetch_add(1, Ordering::Relaxed);
    text.len()
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let near = Client::connect(&server.url()).await?;
    for _ in 0..JOBS {
        near.add(measure, "x".repeat(1_000_000)).await?;
    }
    proxy.set(Mode::Thin(8 << 20));
    let far = Client::builder(&server.url_through(&proxy)).response_timeout(2.seconds());
    let (far, runs, began) = (far.connect().await?, Arc::new(AtomicU64::new(0)), Instant::now());
    let worker = Worker::builder(&far).handler(measure).state(runs.clone()).concurrency(100);
    let worker = worker.build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    let queue = near.queue("large")?;
    while queue.counts().await?.total_completed < JOBS && began.elapsed() < 90.seconds() {
        sleep(50.millis()).await;
    }
    let (took, counts) = (began.elapsed().as_secs(), queue.counts().await?);
    let jobs = queue.jobs(JobState::Completed).page(0, 1_000).await?;
    let stalls: u32 = jobs.iter().map(|job| job.stalls).sum();
    let (runs, completed) = (runs.load(Ordering::Relaxed), counts.total_completed);
    report.check(
        "100 jobs of 1 MB over 8 MiB/s, answers within 2 s",
        format!("{completed} completed by {runs} runs in {took} s, {stalls} stalls"),
        "100 by 100 runs, no stall",
        (completed, runs, stalls) == (JOBS, JOBS, 0),
    );
    handle.stop(5.seconds());
    running.await??;
    Ok(())
}
