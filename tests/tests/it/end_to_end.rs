//! A job end to end: from a typed handler to Redis and back.

use std::time::Duration;

use jobqueue::{
    Codec, Context, Failure, JobState, Queue, State,
    error::{FailureReason, Refused, ResultError},
    handler::FromContext,
    job,
};
use jobqueue_tests::wait::eventually;
use serde::{Deserialize, Serialize};

use crate::support::{Count, Running, client, worker};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    items: Vec<String>,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Receipt {
    order: u64,
    total: f64,
}

fn order() -> Order {
    Order { id: 7, items: vec!["tea".into(), "Käse".into()], note: None }
}

#[job(queue = "orders")]
async fn process_order(order: Order) -> Result<Receipt, Failure> {
    Ok(Receipt { order: order.id, total: 9.5 })
}

#[job(queue = "orders", codec = "json")]
async fn process_json(order: Order) -> Receipt {
    Receipt { order: order.id, total: order.items.len() as f64 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_result_comes_back() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(process_order).handler(process_json));
    let packed = client.add(process_order, order()).await.expect("added");
    let json = client.add(process_json, order()).await.expect("added");
    assert_eq!(packed.result().await.expect("a receipt"), Receipt { order: 7, total: 9.5 });
    assert_eq!(json.result().await.expect("a receipt"), Receipt { order: 7, total: 2.0 });

    let info = json.info().await.expect("kept");
    assert_eq!((info.state, info.record.codec), (JobState::Completed, Codec::Json));
    assert!(info.finished_at.is_some() && info.started_at.is_none());
    running.stop().await;
}

#[tokio::test]
async fn a_handler_is_called_like_the_function_it_is() {
    #[job(blocking)]
    fn double(n: u32) -> u64 {
        u64::from(n) * 2
    }
    assert_eq!(process_order(order()).await.expect("a receipt").order, 7);
    assert_eq!(double(21).await, 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_handlers_give_results_and_their_panics_are_failures() {
    #[job(blocking, attempts = 1)]
    fn divide(by: u32) -> u32 {
        84 / by
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(divide));
    let good = client.add(divide, 2).await.expect("added");
    let bad = client.add(divide, 0).await.expect("added");
    assert_eq!(good.result().await.expect("a result"), 42);
    let Err(ResultError::Failed { failure, .. }) = bad.result().await else {
        panic!("it can't succeed")
    };
    assert_eq!(failure.reason, FailureReason::Panic);
    assert!(failure.message.contains("divide by zero"), "{failure}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extractors_give_state_context_and_ones_own() {
    #[derive(Clone)]
    struct Greeting(&'static str);
    struct Tenant(String);
    impl FromContext for Tenant {
        async fn from_context(ctx: &Context) -> Result<Self, Failure> {
            let tenant = ctx.header("tenant").ok_or_else(|| Failure::permanent("no tenant"))?;
            Ok(Self(tenant.to_owned()))
        }
    }
    #[job(name = "say hello")]
    async fn greet(
        name: String,
        greeting: State<Greeting>,
        tenant: Tenant,
        ctx: Context,
    ) -> String {
        format!("{} {name} of {} ({}, {})", greeting.0.0, tenant.0, ctx.name(), ctx.attempt())
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(greet).state(Greeting("Hello")));
    let with = client.add(greet, "Ada".into()).header("tenant", "acme").await.expect("added");
    let without = client.add(greet, "Bob".into()).await.expect("added");
    assert_eq!(with.result().await.expect("a text"), "Hello Ada of acme (say hello, 1)");
    let Err(ResultError::Failed { failure, .. }) = without.result().await else {
        panic!("no tenant")
    };
    assert_eq!((failure.reason, failure.message.as_str()), (FailureReason::Permanent, "no tenant"));
    running.stop().await;
}

#[tokio::test]
async fn missing_state_is_found_when_the_worker_is_built() {
    #[derive(Clone)]
    struct Db;
    #[job]
    async fn needy(_: (), _db: State<Db>) {}
    let client = client().await;
    let error = worker(&client).handler(needy).build().expect_err("no state was given").to_string();
    assert!(
        error.contains("needy") && error.contains("Db") && error.contains(".state("),
        "{error}"
    );
    worker(&client).handler(needy).state(Db).build().expect("state may be given after the handler");
}

#[tokio::test]
async fn a_worker_without_handlers_or_with_two_of_a_name_is_refused() {
    #[job(name = "process_order", queue = "orders")]
    async fn impostor(_: ()) {}
    let client = client().await;
    assert!(worker(&client).build().is_err());
    let twice = worker(&client).handler(process_order).handler(impostor).build();
    assert!(twice.expect_err("two of a name").to_string().contains("process_order"));
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_and_log_are_seen_from_outside() {
    #[job(queue = "reports")]
    async fn report(_: (), ctx: Context, go: State<Count>) -> Result<(), jobqueue::Error> {
        ctx.progress(&(3, 4)).await?;
        for line in ["one", "two"] {
            ctx.log(line).await?;
        }
        while go.get() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
    let (client, go) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(report).state(go.clone()));
    let job = client.add(report, ()).await.expect("added");
    let lines = eventually("two lines of log", async || {
        let lines = job.logs(0).await.expect("a log");
        (lines.len() == 2).then_some(lines)
    });
    assert_eq!(lines.await, ["one", "two"]);
    let info = job.info().await.expect("there");
    assert_eq!(info.state, JobState::Active);
    assert!(info.worker.is_some() && info.started_at.is_some());
    let progress = info.progress.expect("progress");
    let progress: (u32, u32) = Codec::MessagePack.decode(&progress).expect("a pair");
    assert_eq!(progress, (3, 4));
    go.up();
    job.result().await.expect("done");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn untyped_jobs_run_by_name_and_may_be_typed_later() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(process_order));
    let queue: Queue = client.queue("orders").expect("a good name");
    let job = queue.add("process_order", &order()).await.expect("added");
    let receipt: Receipt = job.clone().typed().result().await.expect("a receipt");
    assert_eq!(receipt.order, 7);
    assert_eq!(job.result().await.expect("json")["order"], 7);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_not_kept_is_gone() {
    let client = client().await;
    let job = client.add(process_order, order()).retain(jobqueue::Retain::none()).await;
    let job = job.expect("added");
    let running = Running::start(worker(&client).handler(process_order));
    assert!(matches!(job.result().await, Err(ResultError::Gone { .. })));
    let error = job.info().await.expect_err("removed");
    assert!(matches!(error, jobqueue::Error::Refused(Refused::NotFound { .. })), "{error}");
    running.stop().await;
}
