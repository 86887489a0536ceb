//! Dead letters: a job that fails for good goes to another queue with its history, once, and can
//! come back.

use std::time::Duration;

use jobqueue::{
    Client, Failure, JobState, Rate, State,
    dead_letter::DeadLetter,
    error::{FailureReason, ResultError},
    job,
    telemetry::WorkerEvent,
};
use jobqueue_tests::wait;

use crate::support::{Count, Running, client, client_and_base, next_now, raw, worker};

#[job(queue = "orders", attempts = 3, backoff = fixed("1ms"), dead_letter = "orders-dlq")]
async fn ship(order: u32, shipped: State<Count>) -> Result<u32, Failure> {
    if order >= 100 {
        return Err(Failure::permanent(format_args!("order {order} has no address")));
    }
    if shipped.get() == 0 {
        return Err(Failure::retry("the gateway is down"));
    }
    shipped.up();
    Ok(order)
}

/// The dead letters, as soon as `count` have arrived.
async fn dead_letters(client: &Client, count: u64) -> Vec<(jobqueue::JobId, DeadLetter)> {
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    tokio::time::timeout(Duration::from_secs(20), dead.wait_for(count))
        .await
        .expect("they arrive in time")
        .expect("redis is there");
    dead.page(0, 1_000).await.expect("they can be read")
}

#[tokio::test]
async fn a_job_that_fails_for_good_goes_there_with_its_history() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    let mut events = running.handle.events();
    let job = client.add(ship, 7).priority(-3).header("tenant", "blue").await.expect("added");
    let Err(ResultError::Failed { failure: failed, .. }) = job.result().await else {
        panic!("it fails")
    };
    let dead_letters = dead_letters(&client, 1).await;
    let [(id, dead_letter)] = &dead_letters[..] else {
        panic!("one dead letter: {dead_letters:?}")
    };
    assert_ne!(id, job.id(), "a dead letter has an id of its own");
    assert_eq!((dead_letter.queue.as_str(), &dead_letter.id), ("orders", job.id()));
    assert_eq!(
        (dead_letter.failure.attempt, dead_letter.failure.reason),
        (3, FailureReason::Error)
    );
    assert_eq!(failed, dead_letter.failure);
    assert_eq!(dead_letter.errors.iter().map(|error| error.attempt).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(dead_letter.payload::<u32>().expect("the payload"), 7);
    let record = dead_letter.record().expect("the record");
    assert_eq!((record.name.as_str(), record.options.priority.get()), ("ship", -3));
    assert_eq!(record.options.headers["tenant"], "blue");
    // It failed in its own queue as well, where it is kept as failed jobs are.
    let orders = client.queue("orders").expect("a good name");
    let info = orders.job(job.id()).info().await.expect("it is kept");
    assert_eq!(info.state, JobState::Failed);
    running.stop().await;
    let mut told = false;
    while let Some(event) = next_now(&mut events).await {
        told |=
            matches!(event, WorkerEvent::DeadLettered { to, .. } if to.as_str() == "orders-dlq");
    }
    assert!(told, "the worker says so");
}

#[tokio::test]
async fn dead_letters_go_back_under_their_own_ids_with_attempts_reset() {
    let client = client().await;
    let shipped = Count::default();
    let running = Running::start(worker(&client).handler(ship).state(shipped.clone()));
    let jobs = client.add_all(ship, 0..25).await.expect("added");
    dead_letters(&client, 25).await;
    shipped.up();
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    let odd = dead
        .redrive()
        .filter(|dead_letter| dead_letter.payload::<u32>().is_ok_and(|order| order % 2 == 1));
    assert_eq!(odd.await.expect("sent back"), 12);
    assert_eq!(dead.count().await.expect("counted"), 13);
    let (first, _) = dead.page(0, 1).await.expect("read").remove(0);
    assert_eq!(dead.redrive().ids([first.clone(), first]).await.expect("sent back"), 1);
    assert_eq!(dead.redrive().await.expect("sent back"), 12);
    for (order, job) in (0..).zip(&jobs) {
        assert_eq!(job.result().await.expect("it completes"), order);
        let info = job.info().await.expect("it is kept");
        assert_eq!((info.attempts_made, info.state), (0, JobState::Completed));
    }
    assert_eq!(shipped.get(), 26, "each ran once");
    assert_eq!(dead.count().await.expect("counted"), 0);
    running.stop().await;
}

#[tokio::test]
async fn an_edited_dead_letter_goes_back_with_its_new_payload_and_at_a_rate() {
    let client = client().await;
    let shipped = Count::default();
    shipped.up();
    let running = Running::start(worker(&client).handler(ship).state(shipped.clone()));
    let jobs = client.add_all(ship, [100, 101, 102]).await.expect("added");
    let dead_letters = dead_letters(&client, 3).await;
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    for (id, dead_letter) in &dead_letters {
        assert_eq!(dead_letter.failure.reason, FailureReason::Permanent);
        assert_eq!(dead_letter.failure.attempt, 1, "no try was wasted");
        let order: u32 = dead_letter.payload().expect("the payload");
        dead.edit(id, &(order - 100)).await.expect("edited");
    }
    let began = std::time::Instant::now();
    let rate = Rate::new(20, Duration::from_secs(1));
    assert_eq!(dead.redrive().rate(rate).await.expect("sent back"), 3);
    assert!(began.elapsed() >= Duration::from_millis(50), "not all at once");
    for (order, job) in (0..).zip(&jobs) {
        assert_eq!(job.result().await.expect("it completes"), order);
    }
    running.stop().await;
}

#[tokio::test]
async fn a_handler_processes_dead_letters() {
    #[job(queue = "orders-dlq", name = "dead-letter")]
    async fn keep(dead_letter: DeadLetter, kept: State<Count>) -> String {
        kept.up();
        format!("{}: {}", dead_letter.queue, dead_letter.failure.message)
    }

    let client = client().await;
    let kept = Count::default();
    let builder = worker(&client).handler(ship).handler(keep).state(kept.clone());
    let running = Running::start(builder);
    client.add(ship, 200).await.expect("added");
    wait::at_once("the dead letter to be processed", async || kept.get() == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_worker_names_the_queue_for_all_its_handlers() {
    #[job(queue = "mails", attempts = 1)]
    async fn mail(_to: String) -> Result<(), Failure> {
        panic!("no such mailbox")
    }

    let client = client().await;
    let running = Running::start(worker(&client).handler(mail).dead_letter("orders-dlq"));
    client.add(mail, "ada".to_owned()).await.expect("added");
    let unknown = client.queue("mails").expect("a good name");
    unknown.add("no-such-handler", &1).await.expect("added");
    let dead_letters = dead_letters(&client, 1).await;
    assert_eq!(dead_letters[0].1.failure.reason, FailureReason::Panic);
    running.stop().await;
}

#[tokio::test]
async fn entries_left_by_a_dead_relay_are_relayed_once() {
    let (client, base) = client_and_base("orders").await;
    // A worker died while it relayed: its lock on the outbox still holds.
    let mut redis = raw(jobqueue_tests::shared::url()).await;
    let lock = format!("{base}relay");
    let mut set = redis::cmd("SET");
    let _: () =
        set.arg(&lock).arg("dead").arg("PX").arg(700).query_async(&mut redis).await.unwrap();
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    client.add_all(ship, [100, 101, 102]).await.expect("added");
    let first = dead_letters(&client, 3).await;
    running.stop().await;
    // A second worker finds nothing left to do.
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    client.add(ship, 103).await.expect("added");
    assert_eq!(dead_letters(&client, 4).await[..3], first[..]);
    running.stop().await;
    let left: u64 =
        redis::cmd("XLEN").arg(format!("{base}outbox")).query_async(&mut redis).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn many_relays_at_one_outbox_deliver_each_dead_letter_once() {
    let client = client().await;
    let state = Count::default();
    let workers: Vec<Running> = (0..5)
        .map(|_| Running::start(worker(&client).handler(ship).state(state.clone())))
        .collect();
    client.add_all(ship, 100..1_100).await.expect("added");
    let dead_letters = dead_letters(&client, 1_000).await;
    let mut orders: Vec<u32> = dead_letters
        .iter()
        .map(|(_, dead_letter)| dead_letter.payload().expect("a payload"))
        .collect();
    orders.sort_unstable();
    assert!(orders.into_iter().eq(100..1_100), "each once");
    for running in workers {
        running.stop().await;
    }
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    assert_eq!(dead.count().await.expect("counted"), 1_000);
}
