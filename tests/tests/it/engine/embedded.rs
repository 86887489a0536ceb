//! Clients of `embedded:`, which need no server.

use std::time::Duration;

use jobqueue::{Client, DurationExt as _, Failure, JobState, State, job};
use jobqueue_tests::{names, wait::eventually};

use crate::support::{Count, Running, client_of, worker};

#[job(queue = "sums")]
async fn double(number: u64) -> u64 {
    2 * number
}

#[job(queue = "sums", attempts = 2, backoff = fixed("1ms"))]
async fn stumble(_: (), runs: State<Count>) -> Result<(), Failure> {
    match runs.up() {
        0 => Err(Failure::retry("not yet")),
        _ => Ok(()),
    }
}

#[job(queue = "subscribers")]
async fn note(number: u64, runs: State<Count>) {
    runs.raise(usize::try_from(number).expect("small"));
}

#[tokio::test]
async fn jobs_are_added_run_and_read() {
    let client = client_of("embedded:").await;
    let runs = Count::default();
    let builder = worker(&client).handler(double).handler(stumble).state(runs.clone());
    let running = Running::start(builder);
    assert_eq!(client.call(double, 4).await.expect("a reply"), 8);
    let jobs = client.add_all(double, 0..500).await.expect("added");
    for (number, job) in (0..).zip(&jobs) {
        assert_eq!(job.result().await.expect("a result"), 2 * number);
    }
    let stumbled = client.add(stumble, ()).delay(20.millis()).await.expect("added");
    stumbled.result().await.expect("the second attempt");
    assert_eq!(stumbled.info().await.expect("kept").state, JobState::Completed);
    assert_eq!(runs.get(), 2);
    running.stop().await;
}

#[tokio::test]
async fn an_idle_worker_is_woken() {
    let client = client_of("embedded:").await;
    let running = Running::start(worker(&client).handler(double));
    for number in 0..20 {
        let job = client.add(double, number).await.expect("added");
        // Well below the time after which idle workers look by themselves.
        let result = tokio::time::timeout(Duration::from_secs(2), job.result()).await;
        assert_eq!(result.expect("it was woken").expect("a result"), 2 * number);
    }
    running.stop().await;
}

#[tokio::test]
async fn clients_of_one_process_share_the_server_and_prefixes_part_them() {
    let prefix = names::queue("t");
    let connect = async |prefix: &str| {
        Client::builder("embedded:").prefix(prefix.to_owned()).connect().await.expect("connected")
    };
    let (one, same, other) =
        (connect(&prefix).await, connect(&prefix).await, connect(&names::queue("t")).await);
    let job = one.add(double, 1).await.expect("added");
    let waiting = async |client: &Client| {
        client.queue("sums").expect("a good name").counts().await.expect("counted").waiting
    };
    assert_eq!((waiting(&same).await, waiting(&other).await), (1, 0));
    let running = Running::start(worker(&same).handler(double));
    assert_eq!(job.result().await.expect("a result"), 2);
    running.stop().await;
}

/// The server outlives the runtime that its first client came from.
#[test]
fn runtimes_come_and_go() {
    let prefix = names::queue("t");
    for round in 0..3 {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let client = Client::builder("embedded:").prefix(prefix.clone()).connect().await;
            let client = client.expect("connected");
            client.add(double, round).await.expect("added");
            let sums = client.queue("sums").expect("a good name");
            assert_eq!(sums.counts().await.expect("counted").waiting, round + 1);
        });
    }
}

#[tokio::test]
async fn events_reach_their_queues() {
    let (client, runs) = (client_of("embedded:").await, Count::default());
    let topic = client.topic("numbers").expect("a good name");
    topic.bind("subscribers", "#").job("note").await.expect("bound");
    let running = Running::start(worker(&client).handler(note).state(runs.clone()));
    for number in 1..=10_u64 {
        client.publish("numbers", "counted", number).await.expect("published");
    }
    eventually("the events to arrive", async || runs.get() == 10).await;
    running.stop().await;
}
