//! Many workers, many queues, many jobs at once.

mod queues;

use std::time::Duration;

use chrono::Utc;
use jobqueue::{Backoff, Client, DurationExt as _, Queue, State, job};
use jobqueue_tests::{names, server::RedisServer, wait::eventually_within};
use redis::cmd;

use super::{PATIENCE, short_or_long};
use crate::support::{Count, Running, client_of, worker};

/// A call that takes Redis longer than this holds up everybody. The machine may be busy with other
/// tests.
const SLOW: Duration = Duration::from_secs(1);

/// A server that notes slow calls.
fn server() -> RedisServer {
    let micros = SLOW.as_micros().to_string();
    RedisServer::builder().option("slowlog-log-slower-than", &[&micros]).start()
}

fn assert_no_slow_call(server: &RedisServer) {
    let slow: u64 = cmd("SLOWLOG").arg("LEN").query(&mut server.connection()).expect("a number");
    assert_eq!(slow, 0, "a call took longer than {SLOW:?}");
}

/// All jobs of the queue have ended.
async fn ended(queue: &Queue, jobs: u64) {
    let all = async || {
        let counts = queue.counts().await.expect("counts");
        counts.total_completed + counts.total_failed >= jobs && counts.active == 0
    };
    eventually_within(short_or_long(PATIENCE, PATIENCE * 20), "all jobs to end", all).await;
}

/// Adds many jobs, in parts, so that this process holds few of them.
async fn add(client: &Client, jobs: usize, mut part: impl AsyncFnMut(&Client, usize)) {
    const PART: usize = 20_000;
    for start in (0..jobs).step_by(PART) {
        part(client, PART.min(jobs - start)).await;
    }
}

/// How many run now, how many ran at most at once, and how many in all.
#[derive(Clone, Default)]
struct Crowd {
    now: Count,
    most: Count,
    all: Count,
}

impl Crowd {
    fn enter(&self) {
        self.most.raise(self.now.up() + 1);
        self.all.up();
    }
}

#[job(queue = "crowd", attempts = 2, backoff = fixed("500ms"), retain = none)]
async fn one_of_many(fails: bool, crowd: State<Crowd>) -> Result<(), String> {
    crowd.enter();
    tokio::time::sleep(Duration::from_millis(5)).await;
    crowd.now.down();
    if fails { Err("all of us do".into()) } else { Ok(()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_workers_on_one_queue() {
    const WORKERS: usize = 200;
    let server = server();
    let prefix = names::queue("t");
    let crowds: Vec<Crowd> = (0..WORKERS).map(|_| Crowd::default()).collect();
    let mut workers = Vec::new();
    let mut clients = Vec::new();
    for each in &crowds {
        // A client each, as if they were processes.
        let client = Client::builder(&server.url()).prefix(prefix.clone()).connect().await;
        let client = client.expect("connected");
        let builder = worker(&client).handler(one_of_many).state(each.clone()).concurrency(1);
        workers.push(Running::start(builder));
        clients.push(client);
    }
    let client = &clients[0];
    let queue = client.queue("crowd").expect("a name");
    let all = async || queue.counts().await.expect("counts").workers == WORKERS as u64;
    eventually_within(PATIENCE, "all workers", all).await;

    client.add_all(one_of_many, [false; 2_000]).await.expect("added");
    ended(&queue, 2_000).await;
    let took: Vec<usize> = crowds.iter().map(|crowd| crowd.all.get()).collect();
    assert_eq!(took.iter().sum::<usize>(), 2_000, "each ran once");
    let idle = took.iter().filter(|jobs| **jobs == 0).count();
    let most = took.iter().max().expect("some");
    assert!(idle < WORKERS / 4 && *most < 200, "{idle} had nothing to do, one had {most} jobs");

    // One job wakes one worker, not all of them.
    let rest = async || {
        let before = server.script_calls();
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.script_calls() - before < WORKERS as u64 / 4
    };
    eventually_within(PATIENCE, "rest", rest).await;
    let before = server.script_calls();
    client.add(one_of_many, false).await.expect("added");
    ended(&queue, 2_001).await;
    let made = server.script_calls() - before;
    assert!(made < WORKERS as u64 / 2, "{made} calls for one job");
    for worker in workers {
        worker.stop().await;
    }
    assert_no_slow_call(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_delayed_jobs_are_due_in_one_second() {
    const SLOTS: usize = 500;
    let jobs = short_or_long(20_000, 1_000_000);
    let server = server();
    let (client, all) = (client_of(&server.url()).await, Crowd::default());
    let running =
        Running::start(worker(&client).handler(one_of_many).state(all.clone()).concurrency(SLOTS));
    // Far enough for all to be added before.
    let due = Utc::now() + Duration::from_secs(short_or_long(4, 200));
    add(&client, jobs, async |client, part| {
        client.add_all(one_of_many, vec![false; part]).at(due).await.expect("added");
    })
    .await;
    let queue = client.queue("crowd").expect("a name");
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.delayed, all.all.get()), (jobs as u64, 0), "none before its time");
    ended(&queue, jobs as u64).await;
    assert_eq!(all.all.get(), jobs, "each ran once");
    assert!(all.most.get() <= SLOTS, "{} at once", all.most.get());
    running.stop().await;
    assert_no_slow_call(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_jobs_fail_at_once() {
    const JOBS: usize = 10_000;
    let server = server();
    let (client, all) = (client_of(&server.url()).await, Crowd::default());
    add(&client, JOBS, async |client, part| {
        let retried = client.add_all(one_of_many, vec![true; part]);
        retried.backoff(Backoff::fixed(500.millis())).await.expect("added");
    })
    .await;
    let builder = worker(&client).handler(one_of_many).state(all.clone()).concurrency(1_000);
    let running = Running::start(builder);
    let queue = client.queue("crowd").expect("a name");
    ended(&queue, JOBS as u64).await;
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.total_failed, all.all.get()), (JOBS as u64, 2 * JOBS));
    assert_eq!(counts.failed, 5_000, "the newest are kept, with their errors");
    let keys: u64 = cmd("DBSIZE").query(&mut server.connection()).expect("a number");
    assert!(keys < 5_000 + 20, "{keys} keys: errors of jobs that are no more");
    running.stop().await;
    assert_no_slow_call(&server);
}
