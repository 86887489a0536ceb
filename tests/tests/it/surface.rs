//! What users meet at the surface: numbers that no codec says, subjects of errors, results of any
//! type, wrong URLs, and runtimes that stand still.

use std::time::{Duration, Instant};

use jobqueue::{
    Client, DurationExt as _, Error, JobState, Rate, Worker,
    error::{FailureReason, ResultError},
    job,
    types::Value,
};
use jobqueue_tests::shared;

use crate::support::{Running, client, worker};

#[job(queue = "surface", codec = "json", attempts = 5)]
async fn divide((a, b): (f64, f64)) -> f64 {
    a / b
}

#[job(queue = "surface")]
async fn divide_exactly((a, b): (f64, f64)) -> f64 {
    a / b
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_json_does_not_have_is_refused_and_not_lost() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(divide).handler(divide_exactly));
    let error = client.add(divide, (f64::NAN, 1.0)).await.expect_err("JSON has none").to_string();
    assert!(error.contains("can't be written as JSON"), "{error}");

    let job = client.add(divide, (1.0, 0.0)).await.expect("added");
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("an infinity can't be written")
    };
    assert_eq!((failure.reason, failure.attempt), (FailureReason::Permanent, 1));
    assert!(failure.causes.concat().contains("no number inf"), "{failure}");

    let job = client.add(divide_exactly, (f64::INFINITY, 1.0)).await.expect("MessagePack has one");
    assert!(job.result().await.expect("it ran").is_infinite());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_read_by_name_as_its_payload_is() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(divide));
    let queue = client.queue("surface").expect("a good name");
    let by_name = queue.add("divide", &(1.0, 4.0)).await.expect("added");
    assert_eq!(by_name.result().await.expect("it ran"), 0.25);
    let job = queue.job(by_name.id());
    assert_eq!(job.result().await.expect("it ran"), 0.25);
    let info = job.info().await.expect("it is kept");
    assert_eq!(info.result::<Value>().expect("any type"), Some(0.25.into()));
    assert_eq!(info.payload::<Value>().expect("any type"), serde_json::json!([1.0, 4.0]));

    let error = info.result::<String>().expect_err("it is a number").to_string();
    assert!(error.contains(&format!("result of job {}", job.id())), "{error}");
    let error = job.typed::<String>().result().await.expect_err("it is a number").to_string();
    assert!(error.contains("result of job") && error.contains("in queue surface"), "{error}");
    let delayed = client.add(divide, (1.0, 1.0)).delay(1.hours()).await.expect("added");
    let info = delayed.info().await.expect("there");
    assert_eq!((info.state, info.result::<Value>()), (JobState::Delayed, Ok(None)));
    running.stop().await;
}

#[tokio::test]
async fn a_mistake_names_the_setter() {
    let client = client().await;
    let builder = || Worker::builder(&client).handler(divide);
    let huge = Rate::new(u32::MAX, 1.seconds());
    for (builder, subject) in [
        (builder().concurrency(0), "invalid concurrency 0"),
        (builder().concurrency(usize::MAX), "invalid concurrency"),
        (builder().prefetch(usize::MAX), "invalid prefetch"),
        (builder().queue_concurrency(0), "invalid queue_concurrency 0"),
        (builder().queue_concurrency(u64::MAX), "invalid queue_concurrency"),
        (builder().queue_rate(huge), "queue_rate: invalid rate"),
        (builder().retain_failed(jobqueue::Retain::count(u64::MAX)), "retain_failed: invalid"),
    ] {
        let error = builder.build().expect_err("it can't work").to_string();
        assert!(error.contains(subject), "{error}");
    }
    let queue = client.queue("surface").expect("a good name");
    for name in ["", "a\nb", "\0"] {
        let error = queue.add("divide", &1).header(name, "x").await.expect_err("no name");
        assert!(error.to_string().contains("invalid header name"), "{error}");
    }
    // Values are any text, and names any without control characters.
    let odd = "a \n\0ü".repeat(100);
    let job = queue.add("divide", &1).header("Ünser Name: =", &odd).await.expect("added");
    let info = job.info().await.expect("there");
    assert_eq!(info.record.options.headers.get("Ünser Name: ="), Some(&odd));
}

#[tokio::test]
async fn an_error_that_main_returns_reads_as_a_sentence() {
    let error = Client::connect("redis://127.0.0.1:1").await.expect_err("nobody is there");
    let printed = format!("{:?}", Box::<dyn std::error::Error>::from(error));
    assert!(printed.starts_with("failed to connect (server 127.0.0.1:1): redis is"), "{printed}");
    assert!(printed.contains("refused"), "with what led to it: {printed}");
}

#[tokio::test]
async fn a_url_with_tls_where_there_is_none_is_told() {
    let url = shared::url().replace("redis://", "rediss://");
    let error = Client::builder(&url).connect_timeout(1.seconds()).connect().await;
    let error = error.expect_err("it has no TLS");
    assert!(format!("{error:?}").contains("answers without TLS"), "{error:?}");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn calls_end_though_the_runtime_of_their_task_stands_still() {
    const PATIENCE: Duration = Duration::from_secs(1);
    let (still, other) = (runtime(), runtime());
    let client = still.block_on(async {
        let client = Client::builder(shared::url())
            .prefix(jobqueue_tests::names::queue("t"))
            .retry_timeout(PATIENCE)
            .connect_timeout(800.millis())
            .response_timeout(800.millis());
        let client = client.connect().await.expect("connected");
        client.publish("news", "a", &1).await.expect("published");
        client.add(divide, (1.0, 2.0)).await.expect("added");
        client
    });
    // Nothing drives `still` any more, and all tasks of the client are there.
    other.block_on(async {
        let began = Instant::now();
        let error = client.publish("news", "a", &2).await.expect_err("nobody sends it");
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert!(format!("{error:?}").contains("still driven"), "{error:?}");
        assert!(began.elapsed() < PATIENCE + Duration::from_secs(2), "{:?}", began.elapsed());
        // The next ones have tasks and a connection of this runtime.
        client.publish("news", "a", &3).await.expect("published");
        let burst = async || {
            let began = Instant::now();
            let adds = (0..20).map(|n| {
                let client = client.clone();
                tokio::spawn(async move { client.add(divide, (1.0, f64::from(n))).await.map(drop) })
            });
            let mut failed = 0;
            for added in adds.collect::<Vec<_>>() {
                failed += usize::from(added.await.expect("no panic").is_err());
            }
            assert!(began.elapsed() < PATIENCE + Duration::from_secs(2), "{:?}", began.elapsed());
            failed
        };
        assert!(burst().await > 0, "some were handed to the task");
        assert_eq!(burst().await, 0, "and the next ones to another");
    });
}
