//! Jobs that wait for too long: they fail without being run, wherever they wait.

use std::time::Duration;

use jobqueue::{
    Client, DurationExt, Error, Failure, JobState, State,
    dead_letter::DeadLetter,
    error::{FailureReason, ResultError},
    job,
};
use jobqueue_tests::wait::{at_once, eventually_within};

use crate::support::{Count, Running, client, worker};

const SHORT: Duration = Duration::from_millis(40);

#[job(queue = "orders", attempts = 3, backoff = fixed("1ms"), retain = all)]
async fn ship(order: u32, shipped: State<Count>) -> Result<(), Failure> {
    let before = shipped.up();
    if order == 1 && before < 2 {
        return Err(Failure::retry("not yet"));
    }
    Ok(())
}

/// The dead letters, as soon as `count` have arrived.
async fn letters(client: &Client, count: u64) -> Vec<DeadLetter> {
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    tokio::time::timeout(Duration::from_secs(30), dead.wait_for(count))
        .await
        .expect("they arrive in time")
        .expect("redis is there");
    let page = dead.page(0, 1_000).await.expect("they can be read");
    page.into_iter().map(|(_, letter)| letter).collect()
}

async fn reason<T: serde::de::DeserializeOwned>(job: &jobqueue::JobHandle<T>) -> FailureReason {
    match job.result().await {
        Err(ResultError::Failed { failure, .. }) => failure.reason,
        other => panic!("it should fail, not {:?}", other.map(drop)),
    }
}

#[tokio::test]
async fn a_job_that_waits_too_long_fails_and_goes_to_the_queues_dead_letter_queue() {
    let client = client().await;
    let orders = client.queue("orders").expect("a good name");
    orders.set_limits().dead_letter("orders-dlq").await.expect("set");
    let limits = orders.limits().await.expect("read");
    assert_eq!(limits.dead_letter.as_ref().map(|name| name.as_str()), Some("orders-dlq"));
    let late = client.add(ship, 7).ttl(SHORT).header("tenant", "blue").await.expect("added");
    let delayed = client.add(ship, 8).delay(SHORT).ttl(SHORT).await.expect("added");
    let soon = client.add(ship, 9).ttl(1.hours()).await.expect("added");
    tokio::time::sleep(SHORT * 3).await;
    let shipped = Count::default();
    let running = Running::start(worker(&client).handler(ship).state(shipped.clone()));
    soon.result().await.expect("it has time");
    assert_eq!(reason(&late).await, FailureReason::Expired);
    assert_eq!(reason(&delayed).await, FailureReason::Expired);
    let letters = letters(&client, 2).await;
    let letter = letters.iter().find(|letter| &letter.id == late.id()).expect("its letter");
    assert_eq!(letter.failure.reason, FailureReason::Expired);
    assert_eq!(letter.payload::<u32>().expect("the payload"), 7);
    assert_eq!(letter.record().expect("the record").options.headers["tenant"], "blue");
    running.stop().await;
    assert_eq!(shipped.get(), 1, "what has expired isn't run");
}

#[tokio::test]
async fn a_worker_wakes_when_the_next_one_expires_while_the_queue_is_paused_or_it_is_busy() {
    #[job(queue = "orders", name = "long")]
    async fn long(_: (), started: State<Count>) {
        started.up();
        std::future::pending::<()>().await;
    }

    let client = client().await;
    let orders = client.queue("orders").expect("a good name");
    let started = Count::default();
    let builder = worker(&client).concurrency(1).handler(ship).handler(long).state(started.clone());
    let running = Running::start(builder);
    orders.create().await.expect("there");
    orders.pause().await.expect("paused");
    let paused = client.add(ship, 7).ttl(SHORT).await.expect("added");
    assert_eq!(reason(&paused).await, FailureReason::Expired);
    orders.resume().await.expect("goes on");
    client.add(long, ()).await.expect("added");
    at_once("the long one to run", async || started.get() == 1).await;
    // The only slot is taken; the worker hears of this one with its next look.
    let waiting = client.add(ship, 8).ttl(SHORT).await.expect("added");
    assert_eq!(reason(&waiting).await, FailureReason::Expired);
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test]
async fn a_job_that_was_handed_out_in_time_does_not_expire_between_its_attempts() {
    #[job(queue = "orders", attempts = 3, backoff = fixed("150ms"), ttl = "100ms")]
    async fn again(_: (), runs: State<Count>) -> Result<(), Failure> {
        if runs.up() < 2 { Err(Failure::retry("not yet")) } else { Ok(()) }
    }

    let client = client().await;
    let runs = Count::default();
    let running = Running::start(worker(&client).handler(again).state(runs.clone()));
    // The handler's time to live would be short on a busy machine, so the add gives more.
    let job = client.add(again, ()).ttl(5.seconds()).await.expect("added");
    job.result().await.expect("the third attempt succeeds");
    running.stop().await;
    let waiting = client.add(again, ()).await.expect("added");
    tokio::time::sleep(Duration::from_millis(150)).await;
    let running = Running::start(worker(&client).handler(again).state(runs.clone()));
    assert_eq!(reason(&waiting).await, FailureReason::Expired);
    running.stop().await;
    assert_eq!(runs.get(), 3);
}

#[tokio::test]
async fn a_queue_has_a_time_to_live_of_its_own() {
    let client = client().await;
    let orders = client.queue("orders").expect("a good name");
    orders.set_limits().ttl(SHORT).await.expect("set");
    assert_eq!(orders.limits().await.expect("read").ttl, Some(SHORT));
    let jobs = client.add_all(ship, 0..250).await.expect("added");
    let longer = client.add_all(ship, 5..7).ttl(1.hours()).await.expect("added");
    orders.set_limits().ttl(None).await.expect("cleared");
    let later = client.add(ship, 9).await.expect("added");
    tokio::time::sleep(SHORT * 2).await;
    let shipped = Count::default();
    let running = Running::start(worker(&client).handler(ship).state(shipped.clone()));
    for job in jobs {
        assert_eq!(reason(&job).await, FailureReason::Expired);
    }
    for job in longer.iter().chain([&later]) {
        job.result().await.expect("it has time");
    }
    running.stop().await;
    assert_eq!(shipped.get(), 3);
    let counts = orders.counts().await.expect("counted");
    assert_eq!((counts.failed, counts.completed, counts.waiting), (250, 3, 0));
}

#[tokio::test]
async fn jobs_removed_or_sent_again_by_hand_do_not_expire() {
    let client = client().await;
    let job = client.add(ship, 7).id("a").ttl(SHORT).await.expect("added");
    assert!(job.remove().await.is_ok());
    let job = client.add(ship, 7).id("a").await.expect("added");
    let other = client.add(ship, 8).ttl(SHORT).await.expect("added");
    tokio::time::sleep(SHORT * 2).await;
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    job.result().await.expect("it has no time to live");
    assert_eq!(reason(&other).await, FailureReason::Expired);
    other.retry().await.expect("sent again");
    eventually_within(Duration::from_secs(20), "the job to complete", async || {
        other.state().await.expect("read") == Some(JobState::Completed)
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn no_time_at_all_is_refused() {
    let client = client().await;
    let error = client.add(ship, 1).ttl(Duration::ZERO).await.expect_err("no time");
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    let orders = client.queue("orders").expect("a good name");
    let error = orders.set_limits().ttl(Duration::ZERO).await.expect_err("no time");
    assert!(error.to_string().contains("ttl"), "{error}");
    let error = orders.set_limits().dead_letter("orders").await.expect_err("in a circle");
    assert!(error.to_string().contains("its own"), "{error}");
}

#[test]
fn workers_that_die_among_expired_jobs_run_none_and_each_job_gets_one_dead_letter() {
    const JOBS: u64 = 600;
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let (main, shipped) = (runtime(), Count::default());
    let client = main.block_on(client());
    let orders = client.queue("orders").expect("a good name");
    main.block_on(async {
        orders.set_limits().dead_letter("orders-dlq").await.expect("set");
        client.add_all(ship, 0..600).ttl(Duration::from_millis(1)).await.expect("added");
        tokio::time::sleep(Duration::from_millis(20)).await;
    });
    let failed = || main.block_on(orders.counts()).expect("counted").failed;
    let mut round = 0;
    while failed() < JOBS {
        // The worker's runtime ends without notice in the middle of a step, while the process lives
        // on: it must hold no lock that the others need.
        let crash = runtime();
        let builder = worker(&client).lease(Duration::from_millis(200)).max_stalls(1_000);
        let doomed = builder.handler(ship).state(shipped.clone()).build().expect("a sound worker");
        let life = Duration::from_millis(5 + round * 7 % 60);
        let _ = crash.block_on(async {
            let run = tokio::spawn(doomed.run_until(std::future::pending()));
            tokio::time::timeout(life, run).await
        });
        crash.shutdown_background();
        round += 1;
        assert!(round < 500, "{} of {JOBS} have failed", failed());
    }
    // Live workers relay the entries that dead ones left in the outbox.
    let running = main
        .block_on(async { Running::start(worker(&client).handler(ship).state(shipped.clone())) });
    let letters = main.block_on(letters(&client, JOBS));
    assert_eq!(letters.len(), 600);
    assert!(letters.iter().all(|letter| letter.failure.reason == FailureReason::Expired));
    main.block_on(running.stop());
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    assert_eq!(main.block_on(dead.count()).expect("counted"), JOBS);
    assert_eq!(shipped.get(), 0, "what has expired isn't run");
}
