//! Orders and shares that are kept: ids that callers chose, jobs that run again, letters that go
//! back, batches that go back, and what each handler keeps of its own.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use jobqueue::{Client, DurationExt as _, Failure, Queue, State, Worker, job};
use jobqueue_tests::server::RedisServer;
use tokio::time::{Instant, sleep};

use super::report::{Played, Report};

type Order = Arc<Mutex<Vec<u32>>>;

#[job(queue = "ordered", attempts = 1)]
async fn note(
    n: u32,
    fails: State<Arc<AtomicBool>>,
    order: State<Order>,
) -> Result<(), Failure> {
    order.lock().unwrap_or_else(PoisonError::into_inner).push(n);
    if fails.load(Ordering::Relaxed) { Err(Failure::permanent("it fails")) } else { Ok(()) }
}

#[job(queue = "mixed", retain = count(10))]
async fn few(n: u32) -> u32 {
    n
}

#[job(queue = "mixed", retain = count(200))]
async fn many(n: u32) -> u32 {
    n
}

pub(crate) async fn play(report: &mut Report) -> Played {
    orders(report).await?;
    retention(report).await
}

/// Waits until so many runs have ended.
async fn ended(queue: &Queue, count: u64) -> Played {
    let began = Instant::now();
    while began.elapsed() < 30.seconds() {
        let counts = queue.counts().await?;
        if counts.total_completed + counts.total_failed >= count {
            return Ok(());
        }
        sleep(10.millis()).await;
    }
    Err("the jobs don't end".into())
}

async fn orders(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let (order, fails) = (Order::default(), Arc::new(AtomicBool::new(false)));
    let worker = Worker::builder(&client).handler(note).concurrency(1).prefetch(50);
    let worker = worker.state(order.clone()).state(Arc::clone(&fails)).build()?;
    let queue = client.queue("ordered")?;
    queue.create().await?;
    queue.pause().await?;
    // Ids that sort the other way round, and all of them within a few ms.
    for n in 0..300_u32 {
        client.add(note, n).id(format!("id-{:04}", 9_999 - n)).await?;
    }
    let (handle, running) = (worker.handle(), tokio::spawn(worker.run()));
    queue.resume().await?;
    ended(&queue, 300).await?;
    let take = |report: &mut Report, what: &str| {
        let found = std::mem::take(&mut *order.lock().unwrap_or_else(PoisonError::into_inner));
        let wrong = found.windows(2).filter(|pair| pair[0] > pair[1]).count();
        report.check(what, format!("{} runs, {wrong} out of order", found.len()), {
            "300 runs, none out of order"
        }, (found.len(), wrong) == (300, 0));
    };
    take(report, "300 adds with ids that sort the other way round");
    // Those that were added first fail last.
    fails.store(true, Ordering::Relaxed);
    let late = client.add_all(note, 150..300).delay(1.hours()).await?;
    client.add_all(note, 0..150).await?;
    ended(&queue, 450).await?;
    for job in late {
        job.promote().await?;
    }
    ended(&queue, 600).await?;
    order.lock().unwrap_or_else(PoisonError::into_inner).clear();
    fails.store(false, Ordering::Relaxed);
    queue.retry_failed().await?;
    ended(&queue, 900).await?;
    take(report, "retry_failed of them");
    handle.stop(5.seconds());
    running.await??;
    Ok(())
}

async fn retention(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let worker = Worker::builder(&client).handler(few).handler(many).build()?;
    for _ in 0..10 {
        client.add_all(few, 0..30).await?;
        client.add_all(many, 0..30).await?;
    }
    let (handle, running) = (worker.handle(), tokio::spawn(worker.run()));
    let queue = client.queue("mixed")?;
    ended(&queue, 600).await?;
    let kept = queue.counts().await?.completed;
    report.check("two handlers keep 10 and 200 of their 300 results", kept, "210", kept == 210);
    handle.stop(5.seconds());
    running.await??;
    Ok(())
}
