//! Unique keys: what becomes of an add that finds its key taken.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{
    Client, Context, DurationExt, Failure, JobHandle, JobState, Queue, State, Unique, job,
    unique::Added,
};
use jobqueue_tests::wait::{at_once, eventually};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::support::{Running, client, worker};

/// A run notes its number, and waits until it may end.
#[job(queue = "indexed", attempts = 2, backoff = fixed("1ms"))]
async fn index(n: u32, ctx: Context, runs: State<Runs>) -> Result<u32, Failure> {
    runs.seen.lock().expect("no panic").push(n);
    runs.gate.acquire().await.expect("open").forget();
    if n >= 100 && ctx.attempt() == 1 {
        return Err(Failure::retry("not yet"));
    }
    Ok(n)
}

/// The same key in the same queue is another one.
#[job(queue = "indexed")]
async fn other(_n: u32) {}

#[derive(Serialize, Deserialize)]
struct Order {
    user: u32,
    shop: String,
    items: u32,
}

#[job(queue = "reports", unique(by = "order.user, order.shop"))]
async fn report(order: Order) -> u32 {
    order.items
}

#[job(queue = "reports", unique(by = "user", for = "1h", states = "unfinished", then = "replace"))]
async fn by_whole(user: String) -> String {
    user
}

#[job(queue = "reports", unique(by = "order.user", debounce = "1h", longest_wait = "2h"))]
async fn debounced(order: Order) -> u32 {
    order.items
}

#[derive(Clone)]
struct Runs {
    seen: Arc<Mutex<Vec<u32>>>,
    gate: Arc<Semaphore>,
}

impl Runs {
    fn new() -> Self {
        Self { seen: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }

    fn seen(&self) -> Vec<u32> {
        self.seen.lock().expect("no panic").clone()
    }
}

async fn add(client: &Client, n: u32, unique: Unique) -> JobHandle<u32> {
    client.add(index, n).unique(unique).await.expect("added")
}

fn queue(client: &Client) -> Queue {
    client.queue("indexed").expect("a name")
}

async fn payload(job: &JobHandle<u32>) -> u32 {
    job.info().await.expect("it is there").payload().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_a_handler() {
    let client = client().await;
    let first = add(&client, 1, Unique::by("k")).await;
    let other = client.add(other, 1).unique("k").await.expect("added");
    let second = add(&client, 2, Unique::by("k")).await;
    assert_eq!(
        (first.added(), other.added(), second.added()),
        (&Added::New, &Added::New, &Added::Existed)
    );
    assert_eq!(second.id(), first.id());
    assert_eq!(payload(&first).await, 1, "nothing was added");
}

#[tokio::test(flavor = "multi_thread")]
async fn replace_changes_what_waits_and_leaves_what_runs() {
    let client = client().await;
    let rule = || Unique::by("k").replace();
    let first = add(&client, 1, rule()).await;
    let behind = client.add(index, 50).await.expect("added");
    let second = client.add(index, 2).unique(rule()).header("why", "newer").priority(3);
    let second = second.await.expect("added");
    assert_eq!((second.added(), second.id()), (&Added::Replaced, first.id()));
    assert!(second.existed());
    let info = first.info().await.expect("it is there");
    assert_eq!(info.payload::<u32>().expect("a number"), 2);
    assert_eq!((info.priority, info.record.options.headers["why"].as_str()), (3, "newer"));
    let third = add(&client, 3, rule()).await;
    assert_eq!((third.added(), first.info().await.expect("there").priority), (&Added::Replaced, 0));

    let runs = Runs::new();
    let running = Running::start(worker(&client).concurrency(1).handler(index).state(runs.clone()));
    at_once("it runs in its old place", async || runs.seen() == [3]).await;
    let fourth = add(&client, 4, rule()).await;
    assert_eq!((fourth.added(), fourth.id()), (&Added::Existed, first.id()), "it runs");
    runs.gate.add_permits(2);
    assert_eq!(first.result().await.expect("run"), 3);
    assert_eq!(behind.result().await.expect("run"), 50);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_replaced_begins_anew() {
    let client = client().await;
    let (runs, rule) = (Runs::new(), || Unique::by("k").replace());
    let first = client.add(index, 100).unique(rule()).await.expect("added");
    queue(&client).create().await.expect("there");
    queue(&client).pause().await.expect("paused");
    let running = Running::start(worker(&client).handler(index).state(runs.clone()));
    queue(&client).resume().await.expect("resumed");
    at_once("its first attempt", async || runs.seen() == [100]).await;
    queue(&client).create().await.expect("there");
    queue(&client).pause().await.expect("paused");
    runs.gate.add_permits(1);
    eventually("it failed", async || first.info().await.expect("there").attempts_made == 1).await;
    eventually("it waits again", async || {
        first.state().await.expect("asked") != Some(JobState::Active)
    })
    .await;
    add(&client, 5, rule()).await;
    let info = first.info().await.expect("there");
    assert_eq!((info.attempts_made, info.errors.len()), (0, 0));
    queue(&client).resume().await.expect("resumed");
    runs.gate.add_permits(1);
    assert_eq!(first.result().await.expect("run"), 5);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_last_runs_once_more_with_the_newest_payload() {
    let client = client().await;
    let (runs, rule) = (Runs::new(), || Unique::by("k").keep_last());
    let running = Running::start(worker(&client).concurrency(8).handler(index).state(runs.clone()));
    let first = add(&client, 100, rule()).await;
    at_once("it runs", async || runs.seen() == [100]).await;
    let second = add(&client, 2, rule()).await;
    assert_eq!(second.added(), &Added::After(first.id().clone()));
    assert_eq!(
        (second.existed(), second.state().await.expect("asked")),
        (false, Some(JobState::Delayed))
    );
    assert_eq!(second.info().await.expect("there").due_at, None);
    for n in 3..=6 {
        let next = add(&client, n, rule()).await;
        assert_eq!((next.added(), next.id()), (&Added::Replaced, second.id()));
    }
    second.promote().await.expect("it may go as soon as the other has ended");
    let key = queue(&client).unique_key("index", "k").expect("a key");
    let (holder, next) = (key.holder().await.expect("asked"), key.next().await.expect("asked"));
    assert_eq!(holder.map(|job| job.id().clone()).as_ref(), Some(first.id()));
    assert_eq!(next.map(|job| job.id().clone()).as_ref(), Some(second.id()));
    // Its first attempt fails: the key is taken until it has ended.
    runs.gate.add_permits(1);
    at_once("its second attempt", async || runs.seen() == [100, 100]).await;
    runs.gate.add_permits(1);
    assert_eq!(first.result().await.expect("run"), 100);
    at_once("the last one runs", async || runs.seen() == [100, 100, 6]).await;
    runs.gate.add_permits(1);
    assert_eq!(second.result().await.expect("run"), 6);
    assert!(key.holder().await.expect("asked").is_none(), "the key is free");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debounce_waits_after_the_last_add_but_not_for_ever() {
    let client = client().await;
    let rule = |delay: Duration| Unique::by("k").debounce(delay).longest_wait(2.hours());
    let first = add(&client, 1, rule(1.hours())).await;
    let due = async || first.info().await.expect("there").due_at.expect("delayed");
    let began = due().await;
    let second = add(&client, 2, rule(90.minutes())).await;
    assert_eq!((second.added(), second.id()), (&Added::Extended, first.id()));
    let later = due().await;
    assert!((29..=31).contains(&(later - began).num_minutes()), "{began} became {later}");
    add(&client, 3, rule(9.hours())).await;
    let latest = due().await;
    assert!((59..=61).contains(&(latest - began).num_minutes()), "the longest wait: {latest}");
    assert_eq!(payload(&first).await, 3);

    let runs = Runs::new();
    let running = Running::start(worker(&client).handler(index).state(runs.clone()));
    add(&client, 4, rule(1.millis())).await;
    at_once("it is due sooner", async || runs.seen() == [4]).await;
    let next = add(&client, 5, rule(1.millis())).await;
    assert_eq!(next.added(), &Added::After(first.id().clone()));
    assert_eq!(add(&client, 6, rule(1.millis())).await.added(), &Added::Extended);
    runs.gate.add_permits(2);
    assert_eq!((first.result().await.expect("run"), next.result().await.expect("run")), (4, 6));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_job_lets_the_next_one_go() {
    let client = client().await;
    let rule = || Unique::by("k").keep_last();
    let key = queue(&client).unique_key("index", "k").expect("a key");
    for way in ["removed while it waits for its retry", "let go of by hand"] {
        let runs = Runs::new();
        let running = Running::start(worker(&client).handler(index).state(runs.clone()));
        let first = add(&client, 100, rule()).await;
        at_once(way, async || runs.seen() == [100]).await;
        let second = add(&client, 2, rule()).await;
        if way == "let go of by hand" {
            assert!(key.release().await.expect("released"), "one has it");
        } else {
            queue(&client).create().await.expect("there");
            queue(&client).pause().await.expect("paused");
            runs.gate.add_permits(1);
            eventually("it waits", async || {
                first.state().await.expect("asked") != Some(JobState::Active)
            })
            .await;
            first.remove().await.expect("removed");
            queue(&client).resume().await.expect("resumed");
        }
        at_once(way, async || runs.seen().last() == Some(&2)).await;
        runs.gate.add_permits(9);
        assert_eq!(second.result().await.expect("run"), 2, "{way}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_meets_itself() {
    let client = client().await;
    let order = |user, items| Order { user, shop: "a".to_owned(), items };
    let orders = [order(1, 1), order(2, 2), order(1, 3)];
    let jobs = client.add_all(report, orders).await.expect("added");
    let added: Vec<&Added> = jobs.iter().map(JobHandle::added).collect();
    assert_eq!(added, [&Added::New, &Added::New, &Added::Existed]);
    let orders = [order(1, 1), order(1, 2), order(2, 3), order(1, 4)];
    let jobs = client.add_all(debounced, orders).await.expect("added");
    let added: Vec<&Added> = jobs.iter().map(JobHandle::added).collect();
    assert_eq!(added, [&Added::New, &Added::Extended, &Added::New, &Added::Extended]);
    let info = jobs[0].info().await.expect("there");
    assert_eq!(info.payload::<Order>().expect("an order").items, 4);
    let unique = info.record.options.unique.expect("a key");
    assert_eq!(unique.key, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_makes_its_key_of_the_payload() {
    let client = client().await;
    let reports = client.queue("reports").expect("a name");
    let long = "x".repeat(1_000);
    let first = client.add(by_whole, "ada".to_owned()).await.expect("added");
    let second = client.add(by_whole, "ada".to_owned()).await.expect("asked");
    assert_eq!((second.added(), second.id()), (&Added::Replaced, first.id()));
    let holder =
        reports.unique_key("by_whole", "ada").expect("a key").holder().await.expect("asked");
    assert_eq!(holder.expect("it has it").id(), first.id());
    client.add(by_whole, long.clone()).await.expect("added");
    assert!(client.add(by_whole, long).await.expect("asked").existed(), "by its hash");
    let own = client.add(by_whole, "ada".to_owned()).unique("mine").await.expect("added");
    assert_eq!(own.added(), &Added::New, "the add says another key");

    let running = Running::start(worker(&client).handler(by_whole));
    first.result().await.expect("run");
    let third = client.add(by_whole, "ada".to_owned()).await.expect("added");
    assert_eq!(third.added(), &Added::New, "the key is free when its job has ended");
    running.stop().await;
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let client = client().await;
    let refuse = async |unique: Unique, text: &str| {
        let refused = client.add(index, 1).unique(unique).await.map(|job| job.id().clone());
        let refused = refused.expect_err("refused").to_string();
        assert!(refused.contains(text), "{refused}");
    };
    refuse(Unique::by(""), "1 to 256 bytes").await;
    refuse(Unique::by("k").keep_last().lasting(1.hours()), "has a lifetime").await;
    refuse(Unique::by("k").while_unfinished(), "has no lifetime").await;
    assert!(queue(&client).unique_key("index", "").is_err());
}
