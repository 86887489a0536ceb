//! Handlers that misbehave: the worker lives, and the others go on.

use std::{sync::LazyLock, thread, time::Duration};

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobHandle, State, WorkerBuilder,
    error::{FailureReason, ResultError},
    handler::IntoJob,
    job,
};
use jobqueue_tests::wait::{at_once, eventually};

use crate::support::{Count, Running, client, worker};

/// The job that runs beside the bad ones.
#[job(queue = "mixed", attempts = 1)]
async fn good(n: u32) -> u32 {
    n + 1
}

/// Jobs of the good kind are run, and each once.
async fn goes_on(client: &Client) {
    let jobs = client.add_all(good, 0..20).await.expect("added");
    for (n, job) in (0..).zip(&jobs) {
        assert_eq!(job.result().await.expect("a result"), n + 1);
        assert_eq!(job.info().await.expect("kept").stalls, 0);
    }
}

fn build(client: &Client) -> WorkerBuilder {
    worker(client).handler(good).lease(1.seconds()).concurrency(4)
}

async fn failure<T: serde::de::DeserializeOwned + 'static>(
    job: &JobHandle<T>,
) -> (FailureReason, u32) {
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => (failure.reason, failure.attempt),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it can't succeed"),
    }
}

/// Twelve bad jobs among four slots, and good ones before, between and after.
async fn among_good_ones<F, Args>(
    bad: F,
    builder: WorkerBuilder,
    client: &Client,
) -> Vec<JobHandle<F::Output>>
where
    F: IntoJob<Args, Payload = ()>,
    F::Output: std::fmt::Debug,
{
    let running = Running::start(builder);
    goes_on(client).await;
    let jobs = client.add_all(bad, [(); 12]).await.expect("added");
    goes_on(client).await;
    for job in &jobs {
        at_once("an end", async || {
            job.state().await.expect("a state").is_some_and(|it| it.is_final())
        })
        .await;
    }
    goes_on(client).await;
    running.stop().await;
    jobs
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_panic() {
    #[job(queue = "mixed", attempts = 2, backoff = fixed("1ms"))]
    async fn panics(_: ()) {
        panic!("boom");
    }
    let client = client().await;
    for job in among_good_ones(panics, build(&client).handler(panics), &client).await {
        assert_eq!(failure(&job).await, (FailureReason::Panic, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_abort_a_task_of_theirs() {
    #[job(queue = "mixed", attempts = 2, backoff = fixed("1ms"))]
    async fn aborts(_: ()) -> Result<(), Failure> {
        let task = tokio::spawn(std::future::pending::<()>());
        task.abort();
        Ok(task.await?)
    }
    let client = client().await;
    for job in among_good_ones(aborts, build(&client).handler(aborts), &client).await {
        assert_eq!(failure(&job).await, (FailureReason::Error, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_always_fail() {
    #[job(queue = "mixed", attempts = 3, backoff = fixed("1ms"))]
    async fn fails(_: ()) -> Result<(), String> {
        Err("no".into())
    }
    let client = client().await;
    for job in among_good_ones(fails, build(&client).handler(fails), &client).await {
        assert_eq!(failure(&job).await, (FailureReason::Error, 3));
        assert_eq!(job.info().await.expect("kept").errors.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_never_end() {
    #[job(queue = "mixed", attempts = 1, timeout = "100ms")]
    async fn never(_: ()) {
        std::future::pending::<()>().await;
    }
    let client = client().await;
    for job in among_good_ones(never, build(&client).handler(never), &client).await {
        assert_eq!(failure(&job).await, (FailureReason::Timeout, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_block_a_thread_for_longer_than_the_lease() {
    #[job(queue = "mixed", attempts = 1)]
    async fn blocks(_: (), runs: State<Count>) {
        runs.up();
        thread::sleep(Duration::from_millis(300));
    }
    let (client, runs) = (client().await, Count::default());
    let builder = build(&client).handler(blocks).state(runs.clone()).lease(100.millis());
    for job in among_good_ones(blocks, builder, &client).await {
        job.result().await.expect("it ended");
        assert_eq!(job.info().await.expect("kept").stalls, 0, "its lease was kept");
    }
    assert_eq!(runs.get(), 12, "each ran once");
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_spawn_and_leak() {
    #[job(queue = "mixed", attempts = 1, timeout = "1s")]
    async fn leaks(_: (), ctx: Context, left: State<Count>) {
        // It goes on when its run is over, with the run's context and more memory than it should.
        tokio::spawn(async move {
            let left_behind = vec![1_u8; 1 << 16];
            left.up();
            ctx.cancelled().await;
            drop(left_behind);
        });
        std::mem::forget(vec![1_u8; 1 << 16]);
    }
    let (client, left) = (client().await, Count::default());
    let builder = build(&client).handler(leaks).state(left.clone());
    for job in among_good_ones(leaks, builder, &client).await {
        job.result().await.expect("it ended");
    }
    eventually("what was spawned", async || left.get() == 12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_that_return_ten_megabytes() {
    static MUCH: LazyLock<String> = LazyLock::new(|| "x".repeat(10 << 20));
    #[job(queue = "mixed", attempts = 2, backoff = fixed("1ms"))]
    async fn much(_: ()) -> String {
        MUCH.clone()
    }
    let client = client().await;
    for job in among_good_ones(much, build(&client).handler(much), &client).await {
        let (reason, _) = failure(&job).await;
        assert_eq!(reason, FailureReason::Permanent);
    }
}
