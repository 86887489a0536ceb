//! `queue.stats()`: depth, ages, workers, totals, histograms, rates.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use jobqueue::{Failure, Queue, State, job, stats::QueueStats};
use jobqueue_tests::wait;
use tokio::sync::Notify;

use crate::support::{Count, Running, blocking, client, client_and_base, worker};
use jobqueue_tests::leftovers::keys_that_stay;

#[job(queue = "orders", attempts = 2, backoff = fixed("1ms"), dead_letter = "orders-dlq")]
async fn ship(order: u32, tries: State<Count>) -> Result<(), Failure> {
    match order {
        100 => Err(Failure::permanent("no address")),
        50 if tries.up() == 0 => Err(Failure::retry("the gateway is down")),
        _ => Ok(()),
    }
}

#[job(queue = "slow")]
async fn hang(_: (), gate: State<Arc<Notify>>) {
    gate.notified().await;
}

async fn stats(queue: &Queue) -> QueueStats {
    queue.stats().await.expect("redis is there")
}

#[tokio::test]
async fn a_queue_that_nobody_knows_is_empty() {
    let queue = client().await.queue("orders").expect("a good name");
    let stats = stats(&queue).await;
    assert_eq!(stats.counts, jobqueue::stats::QueueCounts::default());
    assert_eq!((stats.oldest_waiting, stats.next_due, stats.oldest_effect), (None, None, None));
    assert_eq!((stats.lag(), stats.workers_alive()), (Duration::ZERO, 0));
    assert_eq!((stats.run.count(), stats.wait.count()), (0, 0));
}

#[tokio::test]
async fn a_backlog_without_workers() {
    let queue = client().await.queue("orders").expect("a good name");
    queue.add_all("x", [1, 2, 3]).await.expect("added");
    queue.add("x", &4).priority(-5).await.expect("added");
    queue.add("x", &5).delay(Duration::from_secs(7_200)).await.expect("added");
    queue.add("x", &6).at(Utc::now() + Duration::from_secs(3_600)).await.expect("added");
    queue.set_limits().max_length(50).await.expect("set");
    queue.create().await.expect("there");
    queue.pause().await.expect("paused");
    let first = stats(&queue).await;
    assert_eq!((first.counts.waiting, first.counts.delayed, first.counts.active), (4, 2, 0));
    assert_eq!((first.counts.total_added, first.counts.paused), (6, true));
    assert_eq!(first.limits.max_length, Some(50));
    let due = first.due_in().expect("two are delayed");
    assert!(due > Duration::from_secs(3_000) && due < Duration::from_secs(3_660), "{due:?}");
    assert_eq!(first.overdue(), Duration::ZERO);
    // By the server's clock, so both ages and times move on together.
    wait::eventually("time to pass", async || stats(&queue).await.at > first.at).await;
    queue.add("x", &7).await.expect("added");
    let second = stats(&queue).await;
    let (before, after) = (first.oldest_waiting, second.oldest_waiting);
    let passed = (second.at - first.at).to_std().expect("the server's clock goes on");
    assert_eq!(after.expect("some wait"), before.expect("some wait") + passed);
    assert_eq!(second.lag(), after.expect("some wait"));
    let rates = second.since(&first);
    assert_eq!(rates.over, passed);
    assert!(rates.added > 0.0 && rates.completed == 0.0, "{rates:?}");
    assert_eq!(first.since(&second).added, 0.0);
}

#[tokio::test]
async fn a_delayed_job_says_when_it_was_due() {
    let queue = client().await.queue("orders").expect("a good name");
    let hour = Duration::from_secs(3_600);
    for (job, delayed) in [
        (queue.add("x", &1).await.expect("added"), false),
        (queue.add("x", &2).delay(hour).await.expect("added"), true),
        (queue.add("x", &3).at(Utc::now() - hour).await.expect("added"), false),
    ] {
        let record = job.info().await.expect("it is there").record;
        let due = record.options.due_at.map(|due| due - record.created_at);
        assert_eq!(due, delayed.then(|| chrono::TimeDelta::hours(1)));
    }
}

#[tokio::test]
async fn a_worker_and_the_jobs_it_holds() {
    let client = client().await;
    let gate = Arc::new(Notify::new());
    let running = Running::start(worker(&client).handler(hang).state(gate.clone()));
    client.add(hang, ()).await.expect("added");
    let queue = client.queue("slow").expect("a good name");
    let stats = wait::at_once("the job to run", async || {
        let stats = stats(&queue).await;
        (stats.counts.active == 1).then_some(stats)
    })
    .await;
    let [worker] = &stats.workers[..] else { panic!("one worker: {:?}", stats.workers) };
    assert!(
        worker.active == 1 && !worker.lease.is_zero() && worker.id.as_str().len() == 26,
        "{worker:?}"
    );
    assert_eq!((stats.workers_alive(), stats.counts.workers), (1, 1));
    gate.notify_one();
    running.stop().await;
}

#[tokio::test]
async fn runs_and_waits_are_observed() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    client.add_all(ship, (0..20).chain([50, 100])).await.expect("added");
    client.add(ship, 1).delay(Duration::from_millis(20)).await.expect("added");
    let queue = client.queue("orders").expect("a good name");
    // Told while the worker lives: 23 jobs, one of them tried twice.
    let stats = wait::eventually("all runs to be told", async || {
        let stats = stats(&queue).await;
        // A run may be told of before it is settled.
        let settled = stats.counts.total_completed + stats.counts.total_failed == 23;
        (stats.run.count() == 24 && settled).then_some(stats)
    })
    .await;
    assert_eq!((stats.wait.count(), stats.total_retried), (23, 1));
    assert_eq!((stats.counts.total_completed, stats.counts.total_failed), (22, 1));
    assert!(stats.run.mean() <= stats.run.quantile(1.0));
    // The end reports the rest.
    let more = client.add(ship, 2).await.expect("added");
    more.result().await.expect("it runs");
    running.stop().await;
    assert_eq!(self::stats(&queue).await.run.count(), 25);
    assert_eq!(self::stats(&queue).await.run.since(&stats.run).count(), 1);
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    let dead = wait::eventually("the dead letter to arrive", async || {
        let stats = dead.stats().await.expect("redis is there");
        (stats.counts.waiting == 1).then_some(stats)
    })
    .await;
    assert!(dead.oldest_waiting.is_some());
}

#[tokio::test]
async fn an_obliterated_queue_leaves_no_histograms() {
    let (client, base) = client_and_base("orders").await;
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    client.add(ship, 1).await.expect("added").result().await.expect("it runs");
    running.stop().await;
    let queue = client.queue("orders").expect("a good name");
    assert_eq!(stats(&queue).await.run.count(), 1);
    queue.obliterate().await.expect("nothing is active");
    let mut redis = blocking(jobqueue_tests::shared::url());
    assert_eq!(keys_that_stay(&mut redis, &format!("{base}*")), [""; 0]);
}

#[tokio::test]
async fn rates_over_a_time() {
    let queue = client().await.queue("orders").expect("a good name");
    let adds = async {
        for number in 0..5 {
            queue.add("x", &number).await.expect("added");
        }
    };
    let (rates, ()) = tokio::join!(queue.rates(Duration::from_millis(300)), adds);
    let rates = rates.expect("redis is there");
    assert!(rates.over >= Duration::from_millis(290) && rates.failed == 0.0, "{rates:?}");
}
