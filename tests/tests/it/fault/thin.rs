//! Large payloads over a thin line: no answer has more than the line carries in time.

use std::time::Duration;

use jobqueue::{Client, DurationExt, JobState, Queue, Worker, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually_within,
};

use super::PATIENCE;
use crate::support::{Count, Running};

/// Bytes of a payload, and of the line in a second: with 20 jobs in one answer, it would take three
/// times the limit.
const PAYLOAD: usize = 1_000_000;
const LINE: u32 = 10 << 20;
const LIMIT: Duration = Duration::from_millis(700);

#[job(queue = "large", attempts = 1)]
async fn measure(text: String, runs: jobqueue::State<Count>) -> usize {
    runs.up();
    text.len()
}

/// A queue with large jobs, a proxy that makes the line to it thin, and a client behind it.
struct Scene {
    _server: RedisServer,
    _proxy: Proxy,
    queue: Queue,
    far: Client,
}

impl Scene {
    async fn new(jobs: usize) -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::start(server.address());
        let near = Client::connect(&server.url()).await.expect("the server is there");
        for _ in 0..jobs {
            near.add(measure, "x".repeat(PAYLOAD)).await.expect("added");
        }
        proxy.set(Mode::Thin(LINE));
        let far = Client::builder(&server.url_through(&proxy)).response_timeout(LIMIT);
        let far = far.connect().await.expect("the line carries a little");
        let queue = near.queue("large").expect("a good name");
        Self { _server: server, _proxy: proxy, queue, far }
    }

    async fn completed(&self, jobs: u64) {
        let all = async || {
            let counts = self.queue.counts().await.ok()?;
            (counts.total_completed == jobs).then_some(())
        };
        eventually_within(PATIENCE, "all jobs to complete", all).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_jobs_over_a_thin_line_run_once_each() {
    let (scene, runs) = (Scene::new(40).await, Count::default());
    let worker = Worker::builder(&scene.far).handler(measure).state(runs.clone()).concurrency(100);
    let running = Running::start(worker.lease(5.seconds()));
    scene.completed(40).await;
    assert_eq!(runs.get(), 40, "each once");
    let pages = scene.queue.jobs(JobState::Completed);
    let jobs = pages.page(0, 100).await.expect("a page of many answers");
    assert_eq!((jobs.len(), jobs.iter().map(|job| job.stalls).max()), (40, Some(0)));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_jobs_are_received_by_hand_over_a_thin_line() {
    let scene = Scene::new(10).await;
    let queue = scene.far.queue("large").expect("a good name");
    let mut received = 0;
    while received < 10 {
        let jobs = queue.receive(10, 5.seconds()).await.expect("an answer in time");
        assert!(!jobs.is_empty(), "what doesn't fit stays ready");
        for job in jobs {
            assert_eq!(job.payload::<String>().expect("a text").len(), PAYLOAD);
            job.complete().await.expect("it is ours");
            received += 1;
        }
    }
    scene.completed(10).await;
}
