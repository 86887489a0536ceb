//! Queues with something in every state, and whether that is so elsewhere.

use std::time::Duration;

use jobqueue::{Client, DurationExt as _, JobHandle, JobState, Worker, job};
use jobqueue_tests::wait::eventually;

const DELAYED: u64 = 5;
const WAITING: u64 = 300;

#[job(queue = "moved", attempts = 2, backoff = fixed("1ms"), retain = all)]
async fn double(number: u64) -> Result<u64, std::num::TryFromIntError> {
    u32::try_from(number).map(|number| u64::from(number) * 2)
}

#[job(queue = "large", retain = all)]
async fn length(text: String) -> usize {
    text.len()
}

/// Jobs in every state but `active`: no worker is left.
pub(crate) struct Queues {
    completed: JobHandle<u64>,
    failed: JobHandle<u64>,
    waiting: Vec<JobHandle<u64>>,
    delayed: JobHandle<u64>,
    large: Vec<JobHandle<usize>>,
}

impl Queues {
    pub(crate) async fn fill(url: &str) -> Self {
        let client = Client::connect(url).await.expect("connected");
        let completed = client.add(double, 1).await.expect("added");
        let failed = client.add(double, u64::MAX).id("too-large").await.expect("added");
        work(&client, async || completed.result().await.is_ok() && failed.result().await.is_err())
            .await;
        let queue = client.queue("moved").expect("a name");
        queue.set_limits().max_active(7).await.expect("set");
        let text = "x".repeat(200_000);
        let large = client.add_all(length, (0..20).map(|_| text.clone())).await.expect("added");
        let delayed = client.add(double, DELAYED).delay(1.hours()).await.expect("added");
        let waiting = client.add_all(double, 0..WAITING).await.expect("added");
        queue.create().await.expect("there");
        queue.pause().await.expect("paused");
        Self { completed, failed, waiting, delayed, large }
    }

    /// Whether all of it is there, and goes on.
    pub(crate) async fn are_at(&self, url: &str) {
        let client = Client::connect(url).await.expect("connected");
        let queue = client.queue("moved").expect("a name");
        let counts = queue.counts().await.expect("counts");
        assert_eq!((counts.waiting, counts.delayed), (WAITING, 1));
        assert_eq!((counts.completed, counts.failed), (1, 1));
        assert!(counts.paused, "it stays as it was");
        queue.resume().await.expect("resumed");
        let known = |job: &JobHandle<u64>| queue.job(job.id().clone());
        assert_eq!(known(&self.delayed).state().await.expect("known"), Some(JobState::Delayed));
        let failed = known(&self.failed).info().await.expect("kept");
        assert_eq!(failed.attempts_made, 2, "with its history");
        let completed = known(&self.completed).typed::<u64>();
        assert_eq!(completed.result().await.expect("kept"), 2);
        known(&self.delayed).promote().await.expect("it is delayed");
        let done = async || {
            let counts = queue.counts().await.expect("counts");
            counts.waiting + counts.delayed + counts.active == 0
        };
        work(&client, done).await;
        for (number, job) in (0..).zip(&self.waiting) {
            assert_eq!(known(job).typed::<u64>().result().await.expect("run"), number * 2);
        }
        for job in &self.large {
            let large = client.queue("large").expect("a name");
            let job = large.job(job.id().clone()).typed::<usize>();
            assert_eq!(job.result().await.expect("run"), 200_000);
        }
        // Chosen ids are known there too.
        let again = client.add(double, 1).id("too-large").await.expect("known");
        assert!(again.existed());
    }
}

async fn work(client: &Client, done: impl AsyncFnMut() -> bool) {
    let worker = Worker::builder(client).handler(double).handler(length).build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending::<()>()));
    eventually("the jobs to end", done).await;
    handle.stop(Duration::from_secs(5));
    running.await.expect("no panic").expect("no error");
}
