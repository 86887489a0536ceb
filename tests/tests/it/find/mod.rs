//! Looking for jobs, and what is done to all that were found.

mod bulk;
mod dead_letters;
mod everywhere;
mod grammar;
mod meanwhile;
mod tagged;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use jobqueue::{
    Client, Codec, DurationExt as _, Error, Failure, JobState, Queue, State,
    error::FailureReason,
    find::{Find, JobFilter},
    job,
};
use jobqueue_tests::wait::{at_once, eventually};
use serde::{Deserialize, Serialize};

use crate::support::{Count, Running, client, client_and_base, raw, worker};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Order {
    user: u64,
    items: Vec<String>,
    prices: BTreeMap<String, f64>,
}

impl Order {
    fn of(user: u64) -> Self {
        Self { user, items: vec!["a".to_owned(), "b".to_owned()], ..Self::default() }
    }
}

/// Says no to users from 100 on, and asks others to come again.
#[job(queue = "orders", attempts = 2, backoff = fixed("1h"))]
async fn charge(order: Order, runs: State<Count>) -> Result<(), Failure> {
    runs.up();
    match order.user {
        0 => Ok(()),
        user if user >= 100 => Err(Failure::permanent(format_args!("user {user} is unknown"))),
        _ => Err(Failure::retry("timeout at the gateway")),
    }
}

#[job(queue = "orders")]
async fn ship(_: Order) {}

async fn stage() -> (Client, Queue) {
    let client = client().await;
    let queue = client.queue("orders").expect("a queue");
    (client, queue)
}

/// The users of all orders that are found, in their order.
async fn users(mut found: Find) -> Vec<u64> {
    let mut users = Vec::new();
    while let Some(job) = found.next().await {
        let job = job.expect("found");
        users.push(job.payload::<Order>().expect("an order").user);
    }
    users
}

#[tokio::test]
async fn jobs_are_found_by_what_their_records_say() {
    let (client, queue) = stage().await;
    for user in 0..20 {
        let tenant = if user % 2 == 0 { "even" } else { "odd" };
        client.add(charge, Order::of(user)).header("tenant", tenant).await.expect("added");
        client.add(ship, Order::of(user)).await.expect("added");
    }
    let charges = || JobFilter::new().name("charge");
    let all = |filter: JobFilter| users(queue.find(filter));
    assert_eq!(all(charges()).await, (0..20).collect::<Vec<_>>());
    assert_eq!(all(charges().name("ship")).await.len(), 40);
    assert_eq!(all(JobFilter::new()).await.len(), 40);
    let evens = charges().header("tenant", "even");
    assert_eq!(all(evens.clone()).await, (0..20).step_by(2).collect::<Vec<_>>());
    assert_eq!(all(evens.clone().payload("user", 6)).await, [6]);
    assert_eq!(all(evens.payload("user", 7)).await, Vec::<u64>::new());
    assert_eq!(all(charges().payload("user", 6.0)).await, [6]);
    assert_eq!(all(charges().payload("items[1]", "b").payload("user", 3)).await, [3]);
    assert_eq!(all(JobFilter::new().payload("", Order::of(9))).await, [9, 9]);
    assert_eq!(all(JobFilter::new().older_than(1.hours())).await, Vec::<u64>::new());
    assert_eq!(all(JobFilter::new().younger_than(1.hours())).await.len(), 40);
    assert_eq!(all(JobFilter::new().state(JobState::Failed)).await, Vec::<u64>::new());
    let mut wrong = queue.find(JobFilter::new().payload("a..b", 1));
    assert!(matches!(wrong.next().await, Some(Err(Error::Invalid(_)))));
    assert!(wrong.next().await.is_none(), "it ends");
}

#[tokio::test]
async fn payloads_of_json_are_looked_into_as_well() {
    let url = jobqueue_tests::shared::url();
    let prefix = jobqueue_tests::names::queue("t");
    let client = Client::builder(url).prefix(prefix).codec(Codec::Json).connect().await;
    let queue = client.expect("connected").queue("orders").expect("a queue");
    for user in 0..3 {
        queue.add("charge", &Order::of(user)).await.expect("added");
    }
    assert_eq!(users(queue.find(JobFilter::new().payload("user", 1))).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_in_every_state_and_by_their_errors() {
    let (client, queue) = stage().await;
    let runs = Count::default();
    for user in [0, 1, 2, 100, 101] {
        client.add(charge, Order::of(user)).await.expect("added");
    }
    let running = Running::start(worker(&client).handler(charge).state(runs.clone()));
    let settled = async || {
        let counts = queue.counts().await.expect("counts");
        (counts.completed, counts.failed, counts.delayed) == (1, 2, 2)
    };
    at_once("all runs to be settled", settled).await;
    running.stop().await;
    client.add(charge, Order::of(7)).await.expect("added");
    client.add(charge, Order::of(8)).delay(1.hours()).await.expect("added");
    let gone = client.add(charge, Order::of(9)).await.expect("added");
    gone.cancel().await.expect("cancelled");
    let sorted = async |filter: JobFilter| {
        users(queue.find(filter)).await.into_iter().collect::<BTreeSet<_>>()
    };
    let of = |state| JobFilter::new().state(state);
    assert_eq!(sorted(of(JobState::Waiting)).await, [7].into());
    assert_eq!(sorted(of(JobState::Delayed)).await, [1, 2, 8].into());
    assert_eq!(sorted(of(JobState::Completed)).await, [0].into());
    assert_eq!(sorted(of(JobState::Failed)).await, [100, 101].into());
    assert_eq!(sorted(of(JobState::Cancelled)).await, [9].into());
    assert_eq!(sorted(of(JobState::Failed).state(JobState::Waiting)).await, [7, 100, 101].into());
    assert_eq!(sorted(JobFilter::new()).await.len(), 8);
    assert_eq!(sorted(JobFilter::new().error_contains("gateway")).await, [1, 2].into());
    let unknown = JobFilter::new().error_contains("unknown").error_contains("user 101");
    assert_eq!(sorted(unknown).await, [101].into());
    let reason = |reason| JobFilter::new().error_reason(reason);
    assert_eq!(sorted(reason(FailureReason::Permanent)).await, [100, 101].into());
    assert_eq!(sorted(reason(FailureReason::Timeout)).await, [].into());
    let hour = chrono::Duration::hours(1);
    assert_eq!(sorted(JobFilter::new().ended_since(Utc::now() - hour)).await.len(), 4);
    assert_eq!(sorted(JobFilter::new().ended_before(Utc::now() - hour)).await.len(), 0);
}

#[job(queue = "held")]
async fn held(_: u32) {
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn active_jobs_of_all_workers_are_found_once() {
    let client = client().await;
    let queue = client.queue("held").expect("a queue");
    client.add_all(held, 0..700).await.expect("added");
    let busy = || Running::start(worker(&client).concurrency(300).handler(held));
    let running = [busy(), busy()];
    let active = async |count| queue.counts().await.expect("counts").active == count;
    eventually("most to run", async || active(600).await).await;
    let by_hand = queue.receive(50, 5.seconds()).await.expect("received");
    eventually("more to be out", async || active(650).await).await;
    let mut found = queue.find(JobFilter::new().state(JobState::Active));
    let mut ids = Vec::new();
    while let Some(job) = found.next().await {
        ids.push(job.expect("found").id);
    }
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (650, 650));
    let mut one = queue.find(JobFilter::new().state(JobState::Active).payload("", 77));
    assert_eq!(one.next().await.expect("one").expect("found").payload::<u32>(), Ok(77));
    drop(by_hand);
    for running in running {
        running.stop_within(std::time::Duration::ZERO).await;
    }
}

/// Many have one rank and one time, and the places of the search are those of jobs that go.
#[tokio::test]
async fn a_search_goes_on_behind_jobs_that_have_gone() {
    let (client, queue) = stage().await;
    client.add_all(ship, (0..1_700).map(Order::of)).await.expect("added");
    let mut found = queue.find(JobFilter::new().state(JobState::Waiting).name("ship"));
    let mut seen = Vec::new();
    while let Some(job) = found.next().await {
        let job = job.expect("found");
        seen.push(job.payload::<Order>().expect("an order").user);
        queue.job(&job.id).remove().await.expect("removed");
        if seen.len() == 600 {
            // What comes behind the end isn't looked at.
            client.add_all(ship, (5_000..5_100).map(Order::of)).await.expect("added");
        }
    }
    assert_eq!(seen, (0..1_700).collect::<Vec<_>>());
    assert_eq!(found.looked().jobs, 1_700);
    assert_eq!(found.looked().found, 1_700);
    assert_eq!(queue.counts().await.expect("counts").waiting, 100);
}

#[tokio::test]
async fn jobs_that_cannot_be_read_stop_no_search_and_are_counted() {
    let (client, base) = client_and_base("orders").await;
    let queue = client.queue("orders").expect("a queue");
    let mut jobs = Vec::new();
    for user in 0..4 {
        jobs.push(client.add(ship, Order::of(user)).await.expect("added"));
    }
    queue.add("ship", "no order").await.expect("added");
    let mut connection = raw(jobqueue_tests::shared::url()).await;
    for (job, bad) in jobs.iter().zip(["", "nonsense"]) {
        let mut spoil = redis::cmd("HSET");
        spoil.arg(format!("{base}jobs")).arg(job.id().as_str()).arg(bad);
        let _: u64 = spoil.query_async(&mut connection).await.expect("set");
    }
    for filter in [JobFilter::new(), JobFilter::new().name("ship")] {
        let mut found = queue.find(filter);
        let mut count = 0;
        while let Some(job) = found.next().await {
            job.expect("found");
            count += 1;
        }
        assert_eq!((count, found.looked().jobs, found.looked().unreadable), (3, 5, 2));
    }
    let report = queue.find(JobFilter::new()).remove().await.expect("removed");
    assert_eq!((report.done, report.unreadable, report.refused), (3, 2, 0));
}

#[tokio::test]
async fn large_jobs_are_looked_at_a_few_at_a_time() {
    let (client, queue) = stage().await;
    for user in 0..12 {
        let order = Order { items: vec!["x".repeat(300_000)], ..Order::of(user) };
        client.add(ship, order).await.expect("added");
    }
    assert_eq!(users(queue.find(JobFilter::new().payload("user", 11))).await, [11]);
}
