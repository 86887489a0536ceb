//! Tags: jobs are found by them without a look at the others, and leave their sets wherever they go.

use std::time::Duration;

use jobqueue::{
    Client, DurationExt as _, Error, Failure, JobState, Queue, Retain, State, Unique,
    find::JobFilter, job, manage::Overflow,
};
use jobqueue_tests::wait::{at_once, eventually};
use redis::Commands as _;

use super::{Order, ship, users};
use crate::support::{Count, Running, blocking, client, client_and_base, worker};

#[job(queue = "orders", attempts = 1)]
async fn bill(user: u64, runs: State<Count>) -> Result<(), Failure> {
    runs.up();
    if user == 7 { Err(Failure::permanent("no")) } else { Ok(()) }
}

#[job(queue = "orders", attempts = 1, dead_letter = "dead")]
async fn mail(user: u64, well: State<Count>) -> Result<(), Failure> {
    if well.get() == 0 { Err(Failure::permanent(format_args!("{user}"))) } else { Ok(()) }
}

fn tagged(tag: &str) -> JobFilter {
    JobFilter::new().tag(tag)
}

async fn found(queue: &Queue, filter: JobFilter) -> usize {
    let mut found = queue.find(filter);
    let mut count = 0;
    while let Some(job) = found.next().await {
        job.expect("found");
        count += 1;
    }
    count
}

/// What is left of tags in a queue.
fn left(base: &str) -> Vec<String> {
    let mut redis = blocking(jobqueue_tests::shared::url());
    let pattern = base.replace(['{', '}'], "?") + "tag*";
    redis.scan_match(pattern).expect("keys").map(|key| key.expect("a key")).collect()
}

#[tokio::test]
async fn jobs_are_found_by_their_tags_alone() {
    let client = client().await;
    let queue = client.queue("orders").expect("a queue");
    client.add_all(ship, (0..1_500).map(Order::of)).await.expect("added");
    client.add_all(ship, (0..1_200).map(Order::of)).tag("bulk").await.expect("added");
    for user in [5, 6] {
        let job = client.add(ship, Order::of(user)).tag("customer:42").tag(format!("user:{user}"));
        job.await.expect("added");
    }
    client.add(ship, Order::of(8)).tag("customer:42").delay(1.hours()).await.expect("added");
    let mut search = queue.find(tagged("customer:42"));
    let mut seen = Vec::new();
    while let Some(job) = search.next().await {
        let job = job.expect("found");
        assert!(job.record.options.tags.contains("customer:42"));
        seen.push(job.payload::<Order>().expect("an order").user);
    }
    assert_eq!(seen, [5, 6, 8]);
    assert_eq!(search.looked().jobs, 3, "no others");
    assert_eq!(users(queue.find(tagged("customer:42").tag("user:6"))).await, [6]);
    assert_eq!(users(queue.find(tagged("customer:42").payload("user", 5))).await, [5]);
    let waiting = tagged("customer:42").state(JobState::Waiting);
    assert_eq!(users(queue.find(waiting)).await, [5, 6]);
    assert_eq!(users(queue.find(tagged("bulk"))).await, (0..1_200).collect::<Vec<_>>());
    assert_eq!(found(&queue, tagged("another")).await, 0);
    let report = queue.cancel_where(tagged("bulk")).await.expect("cancelled");
    assert_eq!((report.looked_at, report.done), (1_200, 1_200));
    for wrong in ["", "two words", "a\nb"] {
        let add = client.add(ship, Order::of(1)).tag(wrong).await;
        assert!(matches!(add, Err(Error::Invalid(_))), "{wrong:?}");
    }
    let many = (0..17).fold(client.add(ship, Order::of(1)), |add, n| add.tag(n.to_string()));
    assert!(matches!(many.await, Err(Error::Invalid(_))));
}

/// Each way by which jobs leave a queue that ran or expired; all of them are tagged.
async fn leave_by_a_run(client: &Client, queue: &Queue, way: &str) {
    let runs = Count::default();
    let add = |user: u64| client.add(bill, user).tag("t").tag(format!("user:{user}"));
    let run = || Running::start(worker(client).handler(bill).state(runs.clone()));
    match way {
        "completed" | "failed" => {
            let user = if way == "failed" { 7 } else { 1 };
            let none = Retain::none();
            add(user).retain(none).retain_failed(none).await.expect("added");
            let running = run();
            at_once("the run", async || runs.get() == 1).await;
            running.stop().await;
        }
        "trimmed" => {
            for user in 1..4 {
                add(user).retain(Retain::count(1)).await.expect("added");
            }
            let running = run();
            at_once("all runs", async || runs.get() == 3).await;
            running.stop().await;
            assert_eq!(found(queue, tagged("t")).await, 1, "the one that is kept");
            queue.find(tagged("t")).remove().await.expect("removed");
        }
        "expired" => {
            add(1).ttl(1.millis()).retain_failed(Retain::none()).await.expect("added");
            tokio::time::sleep(Duration::from_millis(5)).await;
            let running = run();
            let failed = async || queue.counts().await.expect("counts").total_failed == 1;
            at_once("it to expire", failed).await;
            running.stop().await;
        }
        "cleaned" => {
            add(1).await.expect("added");
            let running = run();
            let ended = async || queue.counts().await.expect("counts").completed == 1;
            at_once("the run", ended).await;
            running.stop().await;
            queue.clean(JobState::Completed, Duration::ZERO).await.expect("cleaned");
        }
        way => panic!("{way}"),
    }
}

/// Each way without a run.
async fn leave(client: &Client, queue: &Queue, way: &str) {
    let add = |user: u64| client.add(bill, user).tag("t").tag(format!("user:{user}"));
    match way {
        "removed" => add(1).await.expect("added").remove().await.expect("removed"),
        "drained" => {
            add(1).await.expect("added");
            add(2).delay(1.hours()).await.expect("added");
            queue.drain().with_delayed().await.expect("drained");
        }
        "moved" => {
            add(1).await.expect("added");
            let other = client.queue("other").expect("a queue");
            queue.find(tagged("t")).move_to(&other).await.expect("moved");
            eventually("it to arrive", async || found(&other, tagged("user:1")).await == 1).await;
        }
        "overflowed" => {
            queue.set_limits().max_length(1).overflow(Overflow::DropOldest).await.expect("set");
            add(1).await.expect("added");
            client.add(bill, 2).await.expect("added");
            queue.find(JobFilter::new()).remove().await.expect("removed");
        }
        "cancelled" => {
            add(1).await.expect("added").cancel().retain(Retain::none()).await.expect("cancelled");
        }
        "replaced" => {
            let newest = || Unique::by("k").replace();
            add(1).unique(newest()).await.expect("added");
            let job = client.add(bill, 2).unique(newest()).tag("second").await.expect("replaced");
            assert_eq!(found(queue, tagged("t")).await, 0);
            assert_eq!(found(queue, tagged("second")).await, 1);
            client.add(bill, 3).unique(newest()).await.expect("replaced");
            assert_eq!(found(queue, tagged("second")).await, 0);
            job.remove().await.expect("removed");
        }
        "obliterated" => {
            client.add_all(bill, 0..1_500).tag("t").await.expect("added");
            queue.obliterate().await.expect("obliterated");
        }
        way => leave_by_a_run(client, queue, way).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_tags_whichever_way_jobs_go() {
    for way in [
        "completed",
        "failed",
        "trimmed",
        "expired",
        "removed",
        "drained",
        "cleaned",
        "moved",
        "overflowed",
        "cancelled",
        "replaced",
        "obliterated",
    ] {
        let (client, base) = client_and_base("orders").await;
        let queue = client.queue("orders").expect("a queue");
        leave(&client, &queue, way).await;
        assert_eq!(left(&base), Vec::<String>::new(), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_go_with_dead_letters_and_come_back() {
    let (client, base) = client_and_base("orders").await;
    let queue = client.queue("orders").expect("a queue");
    let dead = client.dead_letters("dead").expect("a queue");
    let well = Count::default();
    for user in 0..3 {
        let add = client.add(mail, user).retain_failed(Retain::none());
        add.tag(format!("user:{user}")).await.expect("added");
    }
    let running = Running::start(worker(&client).handler(mail).state(well.clone()));
    at_once("all to arrive", async || dead.count().await.expect("a count") == 3).await;
    running.stop().await;
    assert_eq!(left(&base), Vec::<String>::new());
    let mut search = dead.find(tagged("user:1"));
    assert!(search.next().await.expect("one").is_ok());
    assert!(search.next().await.is_none());
    assert_eq!(dead.find(tagged("user:1")).redrive().await.expect("sent back").done, 1);
    eventually("it to be back", async || found(&queue, tagged("user:1")).await == 1).await;
    assert_eq!(found(&queue, tagged("user:0")).await, 0);
}
