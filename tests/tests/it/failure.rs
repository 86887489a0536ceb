//! Jobs whose runs fail.

use std::time::Duration;

use jobqueue::{
    Backoff, Client, Context, DurationExt, Failure, JobError, JobHandle, JobState, State,
    error::{FailureReason, JobFailure, ResultError},
    handler::{Handler, IntoJob},
    job,
};
use jobqueue_tests::wait::{at_once, eventually};

use crate::support::{Count, Running, client, worker};

/// Runs one job and gives its failure.
async fn fail<F, Args>(
    handler: F,
    payload: F::Payload,
) -> (Client, JobHandle<F::Output>, JobFailure)
where
    F: IntoJob<Args> + Copy,
    F::Job: Handler,
    F::Output: std::fmt::Debug,
{
    let client = client().await;
    let running = Running::start(worker(&client).handler(handler));
    let job = client.add(handler, payload).await.expect("added");
    let failure = match job.result().await {
        Err(ResultError::Failed { failure, .. }) => failure,
        other => panic!("it should fail: {other:?}"),
    };
    running.stop().await;
    (client, job, failure)
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_used_up_and_each_error_is_kept() {
    #[job(attempts = 3, backoff = fixed("1ms"))]
    async fn fails(_: (), ctx: Context) -> Result<(), Failure> {
        Err(Failure::retry(format!("attempt {} of {}", ctx.attempt(), ctx.attempts())))
    }
    let (_client, job, failure) = fail(fails, ()).await;
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Error, 3));
    let info = job.info().await.expect("kept");
    assert_eq!((info.state, info.attempts_made), (JobState::Failed, 3));
    let errors: Vec<&str> = info.errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(errors, ["attempt 3 of 3", "attempt 2 of 3", "attempt 1 of 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_succeeds_in_the_end() {
    #[job(attempts = 5, backoff = custom(soon))]
    async fn third_time(_: (), ctx: Context) -> anyhow::Result<u32> {
        anyhow::ensure!(ctx.attempt() == 3, "not yet");
        Ok(ctx.attempt())
    }
    fn soon(attempt: u32) -> Duration {
        Duration::from_millis(u64::from(attempt))
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(third_time));
    let job = client.add(third_time, ()).await.expect("added");
    assert_eq!(job.result().await.expect("the third attempt"), 3);
    running.stop().await;
}

#[derive(Debug, thiserror::Error, JobError)]
enum OrderError {
    #[error("out of stock")]
    #[job(permanent)]
    OutOfStock,
    #[error("busy")]
    #[job(retry_after = wait)]
    Busy { wait: Duration },
    #[error("slow down")]
    #[job(rate_limited = 0)]
    Limited(Duration),
    #[error("the database: {0}")]
    Db(#[source] std::io::Error),
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_error_fails_at_once() {
    #[job(attempts = 9)]
    async fn order(_: ()) -> Result<(), OrderError> {
        Err(OrderError::OutOfStock)
    }
    let (_client, _job, failure) = fail(order, ()).await;
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Permanent, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn causes_are_kept() {
    #[job(attempts = 1)]
    async fn order(_: ()) -> Result<(), OrderError> {
        Err(OrderError::Db(std::io::Error::other("disk full")))
    }
    let (_client, _job, failure) = fail(order, ()).await;
    assert_eq!(failure.message, "the database: disk full");
    assert_eq!(failure.causes, ["disk full"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_overrules_the_backoff() {
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn order(_: ()) -> Result<(), OrderError> {
        Err(OrderError::Busy { wait: 2.hours() })
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(order));
    let job = client.add(order, ()).await.expect("added");
    let due = eventually("the retry", async || {
        let info = job.info().await.expect("there");
        (info.state == JobState::Delayed).then(|| info.due_at.expect("a due time"))
    });
    let wait = (due.await - chrono::Utc::now()).num_minutes();
    assert!((118..=120).contains(&wait), "{wait} minutes");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limited_handler_throttles_the_queue_and_uses_up_no_attempt() {
    #[job(attempts = 1)]
    async fn call(_: (), calls: State<Count>, ctx: Context) -> Result<u32, OrderError> {
        match calls.up() {
            0 => Err(OrderError::Limited(300.millis())),
            _ => Ok(ctx.attempt()),
        }
    }
    let (client, calls) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(call).state(calls.clone()));
    let first = client.add(call, ()).await.expect("added");
    at_once("the first call", async || calls.get() == 1).await;
    let began = std::time::Instant::now();
    let second = client.add(call, ()).await.expect("added");
    assert_eq!(second.result().await.expect("the queue goes on"), 1);
    assert_eq!(first.result().await.expect("it ran again"), 1);
    assert!(began.elapsed() > Duration::from_millis(200), "held for {:?}", began.elapsed());
    assert_eq!(calls.get(), 3);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failure_and_the_worker_lives_on() {
    #[job(attempts = 1)]
    async fn panics(_: ()) -> () {
        panic!("boom {}", 1);
    }
    let (client, _job, failure) = fail(panics, ()).await;
    assert_eq!((failure.reason, failure.message.as_str()), (FailureReason::Panic, "boom 1"));
    assert_eq!(client.queue("default").expect("a name").counts().await.expect("counts").active, 0);
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_drop_does_not_change_how_a_run_has_ended() {
    #[job(attempts = 1, timeout = "50ms")]
    async fn late(_: ()) {
        let _bomb = Bomb;
        std::future::pending::<()>().await;
    }
    #[job(attempts = 1)]
    async fn throws(_: ()) -> () {
        std::panic::panic_any(Bomb);
    }
    let (_client, _job, failure) = fail(late, ()).await;
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Timeout, 1));
    let (_client, _job, failure) = fail(throws, ()).await;
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Panic, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_of_an_error_without_an_end_are_followed_for_a_while() {
    #[derive(Debug)]
    struct Endless;
    impl std::fmt::Display for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("endless")
        }
    }
    impl std::error::Error for Endless {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&Endless)
        }
    }
    #[job(attempts = 1)]
    async fn goes_round(_: ()) -> Result<(), Endless> {
        Err(Endless)
    }
    let (_client, _job, failure) = fail(goes_round, ()).await;
    assert_eq!(failure.message, "endless");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_told_and_fails() {
    #[job(attempts = 1, timeout = "50ms")]
    async fn sleeps(_: (), ctx: Context, told: State<Count>) {
        let token = ctx.cancellation().clone();
        assert!(ctx.time_left().expect("a timeout") <= Duration::from_millis(50));
        assert!(ctx.deadline().is_some() && ctx.headers().is_empty());
        let told = told.0.clone();
        tokio::spawn(async move {
            token.cancelled().await;
            told.up();
        });
        std::future::pending::<()>().await;
    }
    let (client, told) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(sleeps).state(told.clone()));
    let job = client.add(sleeps, ()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("it never ends")
    };
    assert_eq!(failure.reason, FailureReason::Timeout);
    at_once("the token", async || told.get() == 1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_of_another_type_fails_with_the_decode_error() {
    #[job(queue = "typed", attempts = 5)]
    async fn number(_: u32) {}
    let client = client().await;
    let running = Running::start(worker(&client).handler(number));
    let queue = client.queue("typed").expect("a name");
    let job = queue.add("number", "not a number").await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("no number") };
    assert_eq!((failure.reason, failure.attempt), (FailureReason::BadPayload, 1));
    assert!(failure.causes.concat().contains("msgpack marker"), "{failure}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_goes_back_and_fails_in_the_end() {
    #[job(queue = "known")]
    async fn known(_: ()) {}
    let client = client().await;
    let builder = worker(&client).handler(known).unknown_names(1.millis(), 3);
    let running = Running::start(builder);
    let queue = client.queue("known").expect("a name");
    let job = queue.add("unknown", &()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("nobody knows it")
    };
    assert_eq!(failure.reason, FailureReason::UnknownName);
    assert!(failure.message.contains("unknown"), "{failure}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_knows_the_name_runs_what_another_sent_back() {
    #[job(queue = "split")]
    async fn one(_: ()) {}
    #[job(queue = "split")]
    async fn other(_: ()) -> u32 {
        5
    }
    let client = client().await;
    let job = client.add(other, ()).await.expect("added");
    let first = Running::start(worker(&client).handler(one).unknown_names(300.millis(), 1_000));
    eventually("the way back", async || {
        job.state().await.expect("a state") == Some(JobState::Delayed)
    })
    .await;
    first.stop().await;
    let second = Running::start(worker(&client).handler(other));
    assert_eq!(job.result().await.expect("run"), 5);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_too_large_is_a_permanent_failure() {
    #[job]
    async fn large(_: ()) -> Vec<u8> {
        vec![0; 2 << 20]
    }
    let (_client, _job, failure) = fail(large, ()).await;
    assert_eq!(failure.reason, FailureReason::Permanent);
    assert!(failure.message.contains("limit"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_the_add_win_over_those_of_the_handler() {
    #[job(attempts = 9)]
    async fn fails(_: ()) -> Result<(), String> {
        Err("no".into())
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(fails));
    let job = client.add(fails, ()).attempts(2).backoff(Backoff::fixed(1.millis()));
    let job = job.await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("it always fails")
    };
    assert_eq!(failure.attempt, 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_error_says_survives_wrapping() {
    #[derive(Debug, thiserror::Error, JobError)]
    enum Outer {
        #[error(transparent)]
        Order(#[from] OrderError),
        #[error("in a box")]
        Boxed(#[source] Box<OrderError>),
        #[error("unknown")]
        Any(#[source] anyhow::Error),
        #[error("said otherwise")]
        #[job(retry)]
        Otherwise(#[source] OrderError),
    }
    #[derive(Debug, thiserror::Error)]
    #[error("it says nothing")]
    struct Mute(#[source] Box<dyn std::error::Error + Send + Sync>);

    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn shared(_: ()) -> Result<(), std::sync::Arc<OrderError>> {
        Err(OrderError::OutOfStock.into())
    }
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn boxed(_: ()) -> Result<(), Box<OrderError>> {
        Err(OrderError::OutOfStock.into())
    }
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn any(_: ()) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(Failure::permanent("no"))?
    }
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn anyhow(_: ()) -> anyhow::Result<()> {
        let failure = Failure::permanent("no").into_error();
        Err(anyhow::Error::from(failure).context("on the way"))
    }
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn mute(_: ()) -> Result<(), Mute> {
        Err(Mute(Failure::permanent("no").into()))
    }
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn question_mark(_: ()) -> Result<(), Failure> {
        Err(Failure::of(OrderError::OutOfStock))
    }
    #[job(attempts = 2, backoff = fixed("1ms"))]
    async fn outer(which: u8) -> Result<(), Outer> {
        Err(match which {
            0 => OrderError::OutOfStock.into(),
            1 => Outer::Boxed(OrderError::OutOfStock.into()),
            2 => Outer::Any(anyhow::anyhow!(Failure::permanent("no").into_error())),
            _ => Outer::Otherwise(OrderError::OutOfStock),
        })
    }
    let mut failures = Vec::new();
    for which in 0..4 {
        failures.push(fail(outer, which).await.2);
    }
    let otherwise = failures.pop().expect("four");
    assert_eq!((otherwise.reason, otherwise.attempt), (FailureReason::Error, 2));
    failures.push(fail(shared, ()).await.2);
    failures.push(fail(boxed, ()).await.2);
    failures.push(fail(any, ()).await.2);
    failures.push(fail(anyhow, ()).await.2);
    failures.push(fail(mute, ()).await.2);
    failures.push(fail(question_mark, ()).await.2);
    for failure in failures {
        let found = (failure.reason, failure.attempt);
        assert_eq!(found, (FailureReason::Permanent, 1), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_outside_of_the_handler_costs_an_attempt() {
    fn no_wait(_: u32) -> Duration {
        panic!("no such wait")
    }
    #[job(attempts = 2, backoff = custom(no_wait))]
    async fn waits(_: (), calls: State<Count>) -> Result<(), Failure> {
        calls.up();
        Err(Failure::retry("not yet"))
    }
    let (client, calls) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(waits).state(calls.clone()));
    let job = client.add(waits, ()).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("it never succeeds")
    };
    assert_eq!((failure.reason, failure.attempt, calls.get()), (FailureReason::Error, 2, 2));
    let info = job.info().await.expect("kept");
    let first = info.errors.last().expect("two errors");
    assert_eq!(first.reason, FailureReason::Panic);
    assert!(first.message.contains("outside of the handler: no such wait"), "{first}");
    running.stop().await;
}
