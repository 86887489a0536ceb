//! Rate and concurrency, over all workers and within one.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jobqueue::{Client, DurationExt, JobState, Queue, Rate, State, WorkerBuilder, job};
use jobqueue_tests::{
    server::RedisServer,
    wait::{at_once, eventually},
};

use crate::support::{Count, Running, client, client_of, worker};

/// When runs began.
#[derive(Clone, Default)]
struct Starts(Arc<Mutex<Vec<Instant>>>);

impl Starts {
    fn note(&self) {
        self.0.lock().expect("no panic").push(Instant::now());
    }

    fn len(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }

    /// The most starts within any window of this length.
    fn most_within(&self, window: Duration) -> usize {
        let mut starts = self.0.lock().expect("no panic").clone();
        starts.sort();
        let within = |(at, begin): (usize, &Instant)| {
            starts[at..].iter().take_while(|start| **start - *begin < window).count()
        };
        starts.iter().enumerate().map(within).max().unwrap_or(0)
    }
}

#[job(queue = "calls", retain = none)]
async fn call(_n: u32, starts: State<Starts>) {
    starts.note();
}

fn queue(client: &Client) -> Queue {
    client.queue("calls").expect("a good name")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_over_three_workers_and_is_used_up_without_polling() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let starts = Starts::default();
    let build = |client: &Client| -> WorkerBuilder {
        let rate = Rate::new(100, 1.seconds()).burst(10);
        worker(client).handler(call).state(starts.clone()).queue_rate(rate)
    };
    client.add_all(call, 0..2_000).await.expect("added");
    let began = Instant::now();
    let running: Vec<Running> = (0..3).map(|_| Running::start(build(&client))).collect();
    eventually("three seconds' worth", async || starts.len() >= 300).await;
    let took = began.elapsed().as_secs_f64();
    let most = starts.most_within(Duration::from_secs(1));
    // 110 are handed out within a second, and may begin some ms later on a busy machine.
    assert!(most <= 113, "{most} starts within a second");
    // 300 of which 10 are the burst: 2.9 s. A machine under load may be late, never early.
    assert!((2.8..6.0).contains(&took), "{took} s for 300 starts");

    let calls = server.script_calls();
    assert!(calls < 3 * starts.len() as u64 + 100, "{calls} calls for {} starts", starts.len());
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_set_at_run_time_wins_over_the_code_until_it_is_given_back() {
    let client = client().await;
    let starts = Starts::default();
    let queue = queue(&client);
    queue.set_limits().rate(Rate::new(1, 1.hours()).burst(2)).await.expect("set");
    client.add_all(call, 0..10).await.expect("added");
    let build = || {
        let rate = Rate::new(1_000, 1.seconds()).burst(100);
        worker(&client).handler(call).state(starts.clone()).queue_rate(rate)
    };
    let running = Running::start(build());
    at_once("the burst", async || starts.len() == 2).await;
    let limits = queue.limits().await.expect("limits");
    assert_eq!(limits.rate, Some(Rate::new(1, 1.hours()).burst(2)));
    running.stop().await;
    assert_eq!(starts.len(), 2);

    queue.set_limits().rate_from_code().await.expect("given back");
    assert_eq!(queue.limits().await.expect("limits").rate, None, "until a worker starts");
    let running = Running::start(build());
    eventually("the rest", async || starts.len() == 10).await;
    assert_eq!(
        queue.limits().await.expect("limits").rate,
        Some(Rate::new(1_000, 1.seconds()).burst(100))
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_an_operator_has_cleared_stay_so() {
    let client = client().await;
    let (starts, queue) = (Starts::default(), queue(&client));
    let build = || {
        let rate = Rate::new(1, 1.hours());
        let builder = worker(&client).handler(call).state(starts.clone());
        builder.queue_rate(rate).queue_concurrency(3)
    };
    let limits = async || queue.limits().await.expect("limits");
    let running = Running::start(build());
    eventually("the code's limits", async || limits().await.max_active == Some(3)).await;
    queue.set_limits().rate(None).max_active(None).await.expect("cleared");
    client.add_all(call, 0..10).await.expect("added");
    at_once("all of them at once", async || starts.len() == 10).await;
    running.stop().await;
    // Other workers come, and other versions of the code.
    for _ in 0..2 {
        let running = Running::start(build());
        let before = starts.len();
        client.add_all(call, 0..10).await.expect("added");
        at_once("all of them", async || starts.len() == before + 10).await;
        assert_eq!((limits().await.rate, limits().await.max_active), (None, None));
        running.stop().await;
    }
    queue.set_limits().rate_from_code().max_active_from_code().await.expect("given back");
    let running = Running::start(build());
    eventually("the code's again", async || limits().await.max_active == Some(3)).await;
    assert_eq!(limits().await.rate, Some(Rate::new(1, 1.hours())));
    running.stop().await;
}

/// How many run at once.
#[derive(Clone, Default)]
struct Gauge {
    now: Count,
    most: Count,
}

async fn busy(gauge: &Gauge) {
    gauge.most.raise(gauge.now.up() + 1);
    tokio::time::sleep(Duration::from_millis(5)).await;
    gauge.now.down();
}

#[job(queue = "busy", retain = none)]
async fn take_a_slot(_n: u32, gauge: State<Gauge>) {
    busy(&gauge).await;
}

#[job(queue = "busy", concurrency = 2, retain = none)]
async fn take_one_of_two(_n: u32, gauge: State<Gauge>) {
    busy(&gauge).await;
}

async fn all_done(client: &Client, jobs: u64) {
    let queue = client.queue("busy").expect("a name");
    let done = async || queue.counts().await.expect("counts").total_completed == jobs;
    eventually("all runs", done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queues_active_jobs_are_bounded_over_all_workers() {
    let (client, gauge) = (client().await, Gauge::default());
    client.add_all(take_a_slot, 0..100).await.expect("added");
    let build = || worker(&client).handler(take_a_slot).state(gauge.clone()).queue_concurrency(3);
    let running: Vec<Running> = (0..3).map(|_| Running::start(build())).collect();
    all_done(&client, 100).await;
    assert!(gauge.most.get() <= 3, "{} at once", gauge.most.get());
    for running in running {
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workers_slots_and_a_handlers_own_are_bounded() {
    let (client, slots, own) = (client().await, Gauge::default(), Gauge::default());
    client.add_all(take_a_slot, 0..60).await.expect("added");
    let running =
        Running::start(worker(&client).handler(take_a_slot).state(slots.clone()).concurrency(5));
    all_done(&client, 60).await;
    running.stop().await;
    assert!((2..=5).contains(&slots.most.get()), "{} at once", slots.most.get());

    client.add_all(take_one_of_two, 0..30).await.expect("added");
    let running = Running::start(worker(&client).handler(take_one_of_two).state(own.clone()));
    all_done(&client, 90).await;
    running.stop().await;
    assert!(own.most.get() <= 2, "{} at once", own.most.get());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_own_rate_bounds_one_process() {
    #[job(queue = "calls", rate = limit(20, per = "1s", burst = 1), retain = none)]
    async fn slowly(_n: u32, starts: State<Starts>) {
        starts.note();
    }
    let (client, starts) = (client().await, Starts::default());
    client.add_all(slowly, 0..10).await.expect("added");
    let began = Instant::now();
    let running = Running::start(worker(&client).handler(slowly).state(starts.clone()));
    eventually("ten starts", async || starts.len() == 10).await;
    assert!(began.elapsed() > Duration::from_millis(400), "{:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_aging_an_old_job_overtakes_an_urgent_new_one() {
    let client = client().await;
    let queue = queue(&client);
    queue.set_limits().aging(1.millis()).await.expect("set");
    let old = client.add(call, 1).priority(5).await.expect("added");
    tokio::time::sleep(50.millis()).await;
    let urgent = client.add(call, 2).priority(-5).await.expect("added");
    let order = queue.jobs(JobState::Waiting).ids(0, 2).await.expect("ids");
    assert_eq!(order, [old.id().clone(), urgent.id().clone()]);
    assert_eq!(queue.limits().await.expect("limits").aging, Some(1.millis()));
}

/// A queue in trouble is where aging is set, and jobs wait there.
#[tokio::test]
async fn aging_that_is_set_or_cleared_later_holds_for_jobs_that_wait() {
    let client = client().await;
    let queue = queue(&client);
    let old = client.add(call, 1).priority(5).await.expect("added");
    tokio::time::sleep(50.millis()).await;
    let urgent = client.add(call, 2).priority(-5).await.expect("added");
    let order = async || queue.jobs(JobState::Waiting).ids(0, 3).await.expect("ids");
    assert_eq!(order().await, [urgent.id().clone(), old.id().clone()]);
    queue.set_limits().aging(1.millis()).await.expect("set");
    let new = client.add(call, 3).priority(-5).await.expect("added");
    assert_eq!(order().await, [old.id(), urgent.id(), new.id()].map(Clone::clone));
    queue.set_limits().aging(None).await.expect("set");
    assert_eq!(order().await, [urgent.id(), new.id(), old.id()].map(Clone::clone));
}

#[tokio::test]
async fn nonsense_is_refused() {
    let queue = queue(&client().await);
    for change in [
        queue.set_limits().rate(Rate::new(0, 1.seconds())),
        queue.set_limits().rate(Rate::new(1, Duration::ZERO)),
        queue.set_limits().rate(Rate::new(1, 1.seconds()).burst(0)),
        queue.set_limits().aging(Duration::ZERO),
    ] {
        let shown = format!("{change:?}");
        assert!(matches!(change.await, Err(jobqueue::Error::Invalid(_))), "{shown}");
    }
}
