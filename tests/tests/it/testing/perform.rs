//! One run of one handler, and all that a worker does around it.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobState, Payload, State,
    error::FailureReason,
    job,
    retry::Verdict,
    testing::{Ending, TestQueue, assert_enqueued, refute_enqueued},
};
use serde::{Deserialize, Serialize};

use crate::support::Count;

#[job(queue = "payments", attempts = 3, backoff = fixed("30s"), dead_letter = "refused")]
async fn charge(cents: u64, ctx: Context) -> Result<String, Failure> {
    ctx.progress(&"asking").await?;
    ctx.log(format!("charging {cents}")).await?;
    ctx.progress(&0.5).await?;
    match ctx.header("card") {
        Some("declined") => Err(Failure::retry("declined")),
        Some("stolen") => Err(Failure::permanent("stolen")),
        Some("busy") => Err(Failure::rate_limited(1.minutes(), "too many")),
        Some("later") => Err(Failure::retry("later").with(Verdict::Snooze(2.minutes()))),
        Some("panic") => panic!("boom"),
        _ => Ok(format!("{} in attempt {} of {}", ctx.name(), ctx.attempt(), ctx.attempts())),
    }
}

#[jobqueue::test]
async fn a_run_completes_and_tells(app: TestQueue) -> Result<(), Error> {
    let paid = app.perform(charge, 1_250).attempt(2).attempts(7).await?;
    assert_eq!(paid.logs, ["charging 1250"]);
    assert_eq!(paid.progress, [serde_json::json!("asking"), serde_json::json!(0.5)]);
    let job = app.client().queue("payments")?.job(paid.id.clone());
    assert_eq!(paid.completed(), "charge in attempt 2 of 7");
    let info = job.info().await?;
    assert_eq!((info.state, info.attempts_made), (JobState::Completed, 1));
    assert_eq!(job.logs(0).await?, ["charging 1250"]);
    let counts = app.client().queue("payments")?.counts().await?;
    assert_eq!((counts.active, counts.waiting, counts.workers), (0, 0, 0), "nothing is left");
    Ok(())
}

#[jobqueue::test]
async fn what_follows_from_an_error_follows(app: TestQueue) -> Result<(), Error> {
    let by = |card: &'static str| app.perform(charge, 1).header("card", card);
    let declined = by("declined").attempt(2).await?;
    assert_eq!(declined.retried(), 30.seconds());
    assert_enqueued!(app, charge, |cents| *cents == 1, due_in = 30.seconds());
    let job = app.client().queue("payments")?.job(declined.id.clone());
    assert_eq!(job.info().await?.attempts_made, 2);
    app.advance(30.seconds()).await?;
    assert_eq!(job.state().await?, Some(JobState::Failed), "the retry was its third attempt");

    let last = by("declined").attempt(3).await?;
    assert_eq!((last.failed().reason, last.failed().attempt), (FailureReason::Error, 3));
    assert_eq!(last.dead_letter(), Some("refused"));
    assert_eq!(app.client().queue("refused")?.counts().await?.waiting, 2, "both arrived");
    let stolen = by("stolen").await?;
    assert_eq!(stolen.failed().reason, FailureReason::Permanent);
    assert_eq!(by("later").await?.released(), 2.minutes());
    let panicked = by("panic").await?;
    assert_eq!(panicked.retried(), 30.seconds());
    assert_eq!(panicked.failure().map(|it| it.reason), Some(FailureReason::Panic));

    let busy = by("busy").await?;
    assert_eq!(busy.released(), 1.minutes(), "the queue is held");
    Ok(())
}

#[jobqueue::test]
#[should_panic(expected = "attempt 3 of charge was to complete, but it failed for good, with a \
                           dead letter to refused: error (attempt 3): declined")]
async fn what_it_was_instead_is_said(app: TestQueue) {
    let run = app.perform(charge, 1).header("card", "declined").attempt(3);
    let _ = run.await.expect("it ran").completed();
}

#[job(queue = "slow", timeout = "1m", backoff = fixed("1s"))]
async fn slow(seconds: u64, ctx: Context) -> bool {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    ctx.is_lost()
}

/// The timeout of this one is its own; the lease is shorter than its runs.
#[jobqueue::test]
async fn timeouts_and_heartbeats_count(app: TestQueue) -> Result<(), Error> {
    let begun = app.now();
    let done = app.perform(slow, 59).await?;
    assert!(!done.completed(), "the lease was kept");
    assert_eq!((app.now() - begun).num_seconds(), 59);
    let late = app.perform(slow, 61).await?;
    assert_eq!(late.retried(), 1.seconds());
    assert_eq!(late.failure().map(|it| it.reason), Some(FailureReason::Timeout));
    Ok(())
}

#[job(queue = "letters")]
async fn write(order: u64, ctx: Context, sent: State<Count>) -> Result<u64, Failure> {
    let send = async {
        sent.up();
        Ok::<_, Failure>(order)
    };
    ctx.once("letter", send).await
}

#[jobqueue::test]
async fn what_happens_once_happens_once(app: TestQueue) -> Result<(), Error> {
    let sent = Count::default();
    let app = app.handler(write).state(sent.clone());
    for attempt in [1, 2] {
        let run = app.perform(write, 7).id("letter-7").attempt(attempt).await?;
        assert_eq!(run.completed(), 7);
    }
    assert_eq!(sent.get(), 1, "two deliveries of one job");
    Ok(())
}

#[derive(Serialize, Deserialize, Payload)]
struct OrderV1 {
    id: u64,
}

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(OrderV1))]
struct Order {
    id: u64,
    express: bool,
}

impl From<OrderV1> for Order {
    fn from(order: OrderV1) -> Self {
        Self { id: order.id, express: false }
    }
}

#[job(queue = "shop")]
async fn ship(order: Order, client: State<Client>) -> Result<bool, Error> {
    client.0.add(write, order.id).delay(1.days()).await?;
    client.0.publish("shop", "order.shipped", order.id).await?;
    Ok(order.express)
}

#[jobqueue::test]
async fn versions_adds_and_messages_are_seen(app: TestQueue) -> Result<(), Error> {
    let (client, sent) = (app.client().clone(), Count::default());
    let app = app.handler(ship).handler(write).state(client).state(sent);
    let shipped = app.perform_version(ship, 1, &OrderV1 { id: 7 }).await?;
    assert_eq!(shipped.added(write)?, [7]);
    assert_eq!(shipped.added.len(), 1);
    assert_eq!(shipped.published.len(), 1);
    let message = &shipped.published[0];
    assert_eq!((message.routing_key.as_str(), message.payload::<u64>()?), ("order.shipped", 7));
    assert!(!shipped.completed());
    let express = app.perform(ship, Order { id: 8, express: true }).await?;
    assert_eq!(express.added(write)?, [8], "its own alone");
    assert!(express.completed());
    let newer = app.perform_version(ship, 3, &OrderV1 { id: 9 }).await?;
    assert!(matches!(newer.ending, Ending::Released { .. }), "for a worker that knows it");
    let wrong = app.perform_version(ship, 2, "no order").await?;
    assert_eq!(wrong.failed().reason, FailureReason::BadPayload);
    assert_enqueued!(app, write, count = 2);
    Ok(())
}

#[job(queue = "meters", at_most_once)]
async fn meter(read: bool) -> Result<u64, Failure> {
    if read { Ok(5) } else { Err(Failure::retry("no signal")) }
}

#[jobqueue::test]
async fn at_most_once_is_settled_before(app: TestQueue) -> Result<(), Error> {
    assert_eq!(app.perform(meter, true).await?.completed(), 5);
    let failed = app.perform(meter, false).await?;
    assert_eq!(failed.failed().message, "no signal");
    refute_enqueued!(app, meter);
    Ok(())
}

/// Neither others that wait nor the queue's state have to do with it.
#[jobqueue::test]
async fn nothing_else_runs(app: TestQueue) -> Result<(), Error> {
    let payments = app.client().queue("payments")?;
    app.client().add_all(charge, [1, 2]).priority(-1_000).await.expect("added");
    payments.create().await?;
    payments.pause().await?;
    let paid = app.perform(charge, 3).await?;
    assert_eq!(paid.logs, ["charging 3"]);
    assert_enqueued!(app, charge, count = 2);
    Ok(())
}

#[jobqueue::test]
async fn a_set_up_that_lacks_something_is_said(app: TestQueue) -> Result<(), Error> {
    let error = app.perform(write, 1).await.expect_err("it has no such state");
    assert!(error.to_string().contains("needs a state of type"), "{error}");
    Ok(())
}

#[jobqueue::test]
async fn a_handler_that_comes_too_late_is_said(app: TestQueue) -> Result<(), Error> {
    let app = app.handler(charge);
    app.run_until_idle().await?;
    let error = app.perform(meter, true).await.expect_err("unknown");
    let expected = "the test's worker has no handler \"meter\": add it with `.handler(…)`, before \
                    the worker first runs";
    assert_eq!(error.to_string(), expected);
    assert!(app.perform(charge, 1).attempt(0).await.is_err());
    Ok(())
}
