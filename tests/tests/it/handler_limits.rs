//! A handler's own limits in one process: what waits for them is held by nobody.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jobqueue::{Client, DurationExt as _, JobState, Queue, State, job};
use jobqueue_tests::wait::{at_once, eventually};
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, ids, worker};

/// Runs of `narrow` wait for this.
type Gate = Arc<Semaphore>;

/// The numbers of started runs, in order.
#[derive(Clone, Default)]
struct Started(Arc<Mutex<Vec<u32>>>);

impl Started {
    fn all(&self) -> Vec<u32> {
        self.0.lock().expect("no panic").clone()
    }

    fn note(&self, number: u32) {
        self.0.lock().expect("no panic").push(number);
    }
}

#[job(queue = "narrow", concurrency = 2, attempts = 1)]
async fn narrow(number: u32, gate: State<Gate>, started: State<Started>) {
    started.note(number);
    gate.acquire().await.expect("it is never closed").forget();
}

#[job(queue = "narrow")]
async fn wide(_: u32, ran: State<Count>) {
    ran.up();
}

#[job(queue = "bells", at_most_once, concurrency = 1)]
async fn toll(number: u32, gate: State<Gate>, started: State<Started>) {
    started.note(number);
    gate.acquire().await.expect("it is never closed").forget();
}

#[job(queue = "texts", at_most_once, rate = limit(1, per = "1h"))]
async fn text(number: u32, started: State<Started>) {
    started.note(number);
}

/// A worker of both handlers, with more slots than `narrow` may take.
fn start(client: &Client, gate: &Gate, started: &Started, ran: &Count) -> Running {
    let builder = worker(client).concurrency(20).handler(narrow).handler(wide);
    let builder = builder.handler(toll).handler(text);
    Running::start(builder.state(gate.clone()).state(started.clone()).state(ran.clone()))
}

fn queue(client: &Client) -> Queue {
    client.queue("narrow").expect("a good name")
}

async fn active_and_waiting(queue: &Queue) -> (u64, u64) {
    let counts = queue.counts().await.expect("counted");
    (counts.active, counts.waiting)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_handlers_limit_is_waiting_for_everyone() {
    let client = client().await;
    let queue = queue(&client);
    let (gate, started, ran) = (Gate::new(Semaphore::new(0)), Started::default(), Count::default());
    let added = client.add_all(narrow, 0..12).await.expect("added");
    client.add_all(wide, 0..5).await.expect("added");
    let first = start(&client, &gate, &started, &ran);
    at_once("the others to run", async || ran.get() == 5).await;
    at_once("two to be held", async || active_and_waiting(&queue).await == (2, 10)).await;
    let waiting = queue.jobs(JobState::Waiting).ids(0, 20).await.expect("ids");
    let waiting: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    assert_eq!(waiting, ids(&added)[2..], "in the queue's order");

    // Another worker has room for two more.
    let (other, ended) = (Started::default(), Count::default());
    let second = start(&client, &gate, &other, &ended);
    at_once("the second to take two", async || other.all().len() == 2).await;
    let mut theirs = other.all();
    // They run on two threads.
    theirs.sort_unstable();
    assert_eq!(theirs, [2, 3]);

    // What waits can be removed, and put first.
    added[4].remove().await.expect("it waits");
    added[9].set_priority(-1).await.expect("it waits");
    gate.add_permits(1);
    eventually("one more start", async || started.all().len() + other.all().len() == 5).await;
    assert!([started.all(), other.all()].concat().contains(&9), "the most urgent");
    second.stop_within(Duration::ZERO).await;

    gate.add_permits(100);
    eventually("all to end", async || active_and_waiting(&queue).await == (0, 0)).await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_handlers_limit_order_is_the_queues() {
    let client = client().await;
    let queue = queue(&client);
    let (gate, started, ran) = (Gate::new(Semaphore::new(0)), Started::default(), Count::default());
    client.add_all(narrow, 0..60).await.expect("added");
    client.add_all(wide, 0..5).await.expect("added");
    let running = start(&client, &gate, &started, &ran);
    at_once("the others to run", async || ran.get() == 5).await;
    gate.add_permits(100);
    eventually("all to end", async || active_and_waiting(&queue).await == (0, 0)).await;
    running.stop().await;
    // Two run at a time, on two threads: neighbours may change places, and no others.
    let order = started.all();
    let off = |(place, number): (usize, &u32)| place.abs_diff(*number as usize);
    assert!(order.iter().enumerate().map(off).max() <= Some(1), "{order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_starts_no_more_runs_of_a_limited_handler() {
    let client = client().await;
    let (gate, started, ran) = (Gate::new(Semaphore::new(0)), Started::default(), Count::default());
    client.add_all(narrow, 0..10).await.expect("added");
    let running = start(&client, &gate, &started, &ran);
    at_once("two to start", async || started.all().len() == 2).await;
    running.handle.stop(10.seconds());
    gate.add_permits(100);
    running.ended().await.expect("no error");
    assert_eq!(started.all().len(), 2);
    assert_eq!(active_and_waiting(&queue(&client)).await, (0, 8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_a_handlers_limit_expires() {
    let client = client().await;
    let queue = queue(&client);
    let (gate, started, ran) = (Gate::new(Semaphore::new(0)), Started::default(), Count::default());
    client.add_all(narrow, 0..3).await.expect("added");
    client.add_all(narrow, 3..6).ttl(300.millis()).await.expect("added");
    client.add(wide, 0).await.expect("added");
    let running = start(&client, &gate, &started, &ran);
    at_once("two to start", async || started.all().len() == 2).await;
    let failed = async || queue.counts().await.expect("counted").failed;
    eventually("three to expire", async || failed().await == 3).await;
    gate.add_permits(100);
    running.stop().await;
    assert!(started.all().iter().all(|number| *number < 3), "{:?}", started.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_run_at_most_once_are_settled_when_their_handler_has_room() {
    let client = client().await;
    let (gate, started, ran) = (Gate::new(Semaphore::new(0)), Started::default(), Count::default());
    client.add_all(toll, 0..5).await.expect("added");
    client.add_all(text, 10..15).await.expect("added");
    let running = start(&client, &gate, &started, &ran);
    at_once("one of each", async || started.all().len() == 2).await;
    running.handle.stop(10.seconds());
    gate.add_permits(100);
    running.ended().await.expect("no error");
    let mut began = started.all();
    began.sort_unstable();
    assert_eq!(began, [0, 10]);
    for name in ["bells", "texts"] {
        let queue = client.queue(name).expect("a good name");
        assert_eq!(active_and_waiting(&queue).await, (0, 4), "{name}: nothing is lost");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_rate_is_reached_and_its_jobs_wait_in_the_queue() {
    #[job(queue = "paced", rate = limit(20, per = "1s", burst = 1), retain = none)]
    async fn paced(_n: u32, ran: State<Count>) {
        ran.up();
    }
    let (client, ran) = (client().await, Count::default());
    client.add_all(paced, 0..40).await.expect("added");
    let running = Running::start(worker(&client).handler(paced).state(ran.clone()));
    at_once("the first", async || ran.get() > 0).await;
    let (began, before) = (Instant::now(), ran.get());
    let queue = client.queue("paced").expect("a good name");
    assert!(active_and_waiting(&queue).await.0 <= 2, "others wait");
    eventually("twenty more", async || ran.get() >= before + 20).await;
    // At 20 a second: never sooner. A busy machine may be late.
    let took = began.elapsed();
    assert!(took > 900.millis() && took < 3.seconds(), "{took:?} for 20 starts");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prefetch_keeps_its_meaning_for_what_can_start() {
    let client = client().await;
    let (gate, started, ran) = (Gate::new(Semaphore::new(0)), Started::default(), Count::default());
    client.add_all(narrow, 0..10).await.expect("added");
    let builder = worker(&client).concurrency(1).prefetch(5).handler(narrow).handler(wide);
    let builder = builder.state(gate.clone()).state(started.clone()).state(ran.clone());
    let running = Running::start(builder);
    let queue = queue(&client);
    // One runs, and the other that its handler lets run is fetched ahead.
    at_once("two to be held", async || active_and_waiting(&queue).await == (2, 8)).await;
    assert_eq!(started.all().len(), 1);
    gate.add_permits(100);
    eventually("all to end", async || active_and_waiting(&queue).await == (0, 0)).await;
    running.stop().await;
}
