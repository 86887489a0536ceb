//! What is kept of jobs that have ended: each handler's own.

use jobqueue::{Client, DurationExt as _, JobState, Queue, Retain};
use jobqueue_tests::{
    server::RedisServer,
    wait::{at_once, eventually},
};
use redis::cmd;

use crate::support::{Running, client, client_of, worker};

#[jobqueue::job(queue = "mixed", retain = count(3), retain_failed = count(2), attempts = 1)]
async fn report(n: u32) -> Result<u32, std::io::Error> {
    if n >= 100 { Err(std::io::Error::other("no")) } else { Ok(n) }
}

#[jobqueue::job(queue = "mixed", retain = all)]
async fn invoice(n: u32) -> u32 {
    n
}

#[jobqueue::job(queue = "mixed", attempts = 1)]
async fn plain(n: u32) -> Result<u32, std::io::Error> {
    if n >= 100 { Err(std::io::Error::other("no")) } else { Ok(n) }
}

/// The kept jobs of each name: report, invoice, plain.
async fn kept(queue: &Queue, state: JobState) -> [Vec<u32>; 3] {
    let jobs = queue.jobs(state).page(0, 1_000).await.expect("read");
    ["report", "invoice", "plain"].map(|name| {
        let of_name = jobs.iter().filter(|job| job.record.name == *name);
        let mut all: Vec<u32> = of_name.map(|job| job.payload().expect("a number")).collect();
        all.sort_unstable();
        all
    })
}

async fn ended(client: &Client, count: u64) -> Queue {
    let queue = client.queue("mixed").expect("a good name");
    let all = async || {
        let counts = queue.counts().await.expect("counted");
        counts.total_completed + counts.total_failed == count
    };
    eventually("all to end", all).await;
    queue
}

fn serve(client: &Client) -> Running {
    let worker = worker(client).concurrency(1).handler(report).handler(invoice).handler(plain);
    Running::start(worker.retain(Retain::count(5)).retain_failed(Retain::count(1)))
}

#[tokio::test]
async fn each_handler_keeps_what_it_asked_for() {
    let client = client().await;
    for n in 0..8 {
        client.add(plain, n).await.expect("added");
        client.add(report, n).await.expect("added");
        client.add(invoice, n).await.expect("added");
        client.add(report, 100 + n).await.expect("added");
        client.add(plain, 100 + n).await.expect("added");
    }
    let running = serve(&client);
    let queue = ended(&client, 40).await;
    let completed = kept(&queue, JobState::Completed).await;
    assert_eq!(completed, [vec![5, 6, 7], (0..8).collect(), (3..8).collect()]);
    assert_eq!(kept(&queue, JobState::Failed).await, [vec![106, 107], vec![], vec![107]]);
    // One that runs again leaves its pool, and comes back as its newest.
    let failed = queue.jobs(JobState::Failed).page(0, 1).await.expect("read");
    queue.job(&failed[0].id).retry().await.expect("it runs again");
    let queue = ended(&client, 41).await;
    assert_eq!(kept(&queue, JobState::Failed).await, [vec![106, 107], vec![], vec![107]]);
    let removed = queue.jobs(JobState::Completed).page(0, 1).await.expect("read");
    queue.job(&removed[0].id).remove().await.expect("removed");
    let counts = queue.counts().await.expect("counted");
    assert_eq!((counts.completed, counts.failed), (15, 3));
    assert_eq!(queue.clean(JobState::Completed, 0.seconds()).await.expect("cleaned"), 15);
    assert_eq!(queue.retry_failed().await.expect("retried"), 3);
    running.stop().await;
    queue.obliterate().await.expect("removed");
}

/// Added with a retention of its own, a job is kept among those that were added with the same.
#[tokio::test]
async fn a_retention_of_an_add_counts_among_jobs_added_with_it() {
    let client = client().await;
    for n in 0..6 {
        client.add(report, n).await.expect("added");
        client.add(report, 10 + n).retain(Retain::count(2)).await.expect("added");
        client.add(report, 20 + n).retain(Retain::none()).await.expect("added");
        client.add(plain, n).retain(Retain::count(1)).await.expect("added");
    }
    let running = serve(&client);
    let queue = ended(&client, 24).await;
    let completed = kept(&queue, JobState::Completed).await;
    assert_eq!(completed, [vec![3, 4, 5, 14, 15], vec![], vec![5]]);
    running.stop().await;
}

#[jobqueue::job(queue = "alone", retain = count(3))]
async fn alone(n: u32) -> u32 {
    n
}

/// Neither a handler alone in its queue nor handlers that say nothing pay for sets of their own.
#[tokio::test]
async fn where_all_are_kept_alike_there_is_no_set_of_its_own() {
    let server = RedisServer::start();
    let (client, mut raw) = (client_of(&server.url()).await, server.connection());
    let running = Running::start(worker(&client).handler(alone).handler(plain));
    client.add_all(alone, 0..10).await.expect("added");
    client.add_all(plain, 0..10).await.expect("added");
    for (name, kept) in [("alone", 3), ("mixed", 10)] {
        let queue = client.queue(name).expect("a good name");
        let left = async || {
            let counts = queue.counts().await.expect("counted");
            counts.total_completed == 10 && counts.completed == kept
        };
        at_once("all to end", left).await;
    }
    let keys: Vec<String> = cmd("KEYS").arg("*").query(&mut raw).expect("keys");
    assert!(keys.iter().all(|key| !key.contains(":pool")), "{keys:?}");
    running.stop().await;
}
