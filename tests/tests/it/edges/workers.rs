//! The settings of workers and receivers.

use std::time::Duration;

use jobqueue::{DurationExt as _, Error, JobHandle, Rate, Result, Retain, WorkerBuilder, job};
use jobqueue_tests::edges::{COUNTS, TIMES, Table, works};
use tokio::{sync::oneshot, time::timeout};

use crate::support::client;

#[job(queue = "edges")]
async fn twice(n: u64) -> u64 {
    n * 2
}

/// Builds a worker, runs a job with it if that works, and stops it by its own settings.
async fn tried(builder: WorkerBuilder, job: &JobHandle<u64>) -> (Result<()>, Result<(), String>) {
    let worker = match builder.build() {
        Ok(worker) => worker,
        Err(error) => return (Err(error), Ok(())),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(worker.run_until(async move { drop(stopped.await) }));
    let ran = timeout(Duration::from_secs(10), job.result()).await;
    drop(stop);
    let ended = timeout(Duration::from_secs(10), running).await;
    match (ran, ended) {
        (Ok(Ok(14) | Err(jobqueue::error::ResultError::Gone { .. })), Ok(Ok(Ok(())))) => {
            (Ok(()), Ok(()))
        }
        other => (Ok(()), Err(format!("{other:?}"))),
    }
}

/// A setting, and how it is made.
type Setting = (String, Box<dyn Fn(WorkerBuilder) -> WorkerBuilder>);

/// Tries each of these settings with a queue of its own prefix.
async fn try_all(settings: Vec<Setting>) {
    let mut table = Table::default();
    for (what, set) in settings {
        let client = client().await;
        let job = client.add(twice, 7).await.expect("added");
        let builder = set(jobqueue::Worker::builder(&client).handler(twice));
        let (built, works) = tried(builder, &job).await;
        table.note(what, &built, works);
    }
    table.assert_sound();
}

macro_rules! settings {
    ($($setter:ident: $values:expr),* $(,)?) => {{
        let mut all: Vec<Setting> = Vec::new();
        $(for value in $values {
            let what = format!("{}({value:?})", stringify!($setter));
            all.push((what, Box::new(move |builder| builder.$setter(value))));
        })*
        all
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_a_worker() {
    try_all(settings! {
        concurrency: [0, 1, 100_000, 100_001, usize::MAX],
        prefetch: [0, 99_990, 99_991, usize::MAX],
        max_stalls: [0, 1, u32::MAX],
        queue_concurrency: COUNTS,
        retain: COUNTS.map(Retain::count),
        retain_failed: COUNTS.map(Retain::count),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_a_worker() {
    let mut all = settings! {
        lease: TIMES,
        drain_timeout: TIMES,
        retain: TIMES.map(Retain::age),
        queue_rate: TIMES.map(|per| Rate::new(1, per)),
        queue_rate: [Rate::new(0, 1.seconds()), Rate::new(u32::MAX, 1.seconds()).burst(u32::MAX)],
    };
    for time in TIMES {
        for limit in [0, u32::MAX] {
            let what = format!("unknown_names({time:?}, {limit})");
            all.push((what, Box::new(move |builder| builder.unknown_names(time, limit))));
        }
    }
    try_all(all).await;
}

#[tokio::test]
async fn numbers_of_a_receiver() {
    let (client, mut table) = (client().await, Table::default());
    let queue = client.queue("received").expect("a good name");
    let receiver = queue.receiver();
    let mut receives = Vec::new();
    for time in TIMES {
        receives.push((format!("visibility({time:?})"), receiver.clone().visibility(time)));
        receives.push((format!("retain({time:?})"), receiver.clone().retain(Retain::age(time))));
    }
    for count in COUNTS {
        let retain = Retain::count(count);
        receives.push((format!("retain({count})"), receiver.clone().retain(retain)));
        receives.push((format!("retain_failed({count})"), receiver.clone().retain_failed(retain)));
    }
    for jobs in [0, 1, 100_000, 100_001, usize::MAX] {
        receives.push((format!("prefetch({jobs})"), receiver.clone().prefetch(jobs)));
    }
    for times in [0, 1, u32::MAX] {
        receives.push((format!("max_receives({times})"), receiver.clone().max_receives(times)));
    }
    for (what, receiver) in receives {
        let job = queue.add("any", &1).await.expect("added");
        let received = receiver.receive(1, 5.seconds()).await;
        let ended = match received.as_ref().map(Vec::len) {
            Err(_) => queue.job(job.id()).remove().await,
            _ => Ok(()),
        };
        let received = received.map(|mut jobs| jobs.pop());
        let ended = match received {
            Ok(Some(delivery)) => (Ok(()), delivery.complete().await),
            Ok(None) => (Ok(()), Err(Error::Closed)),
            Err(error) => (Err(error), ended),
        };
        table.note(what, &ended.0, ended.1);
    }
    table.assert_sound();
    works(&queue).await.expect("the queue works");
}

#[tokio::test]
async fn numbers_of_a_receive_and_of_a_delivery() {
    let (client, mut table) = (client().await, Table::default());
    let queue = client.queue("received").expect("a good name");
    for max in [0, 1, 1_000, 1_001, usize::MAX] {
        let received = queue.receive(max, Duration::ZERO).await;
        table.note(format!("receive({max})"), &received.map(drop), works(&queue).await);
    }
    for time in TIMES {
        // A wait of any length is over when a job comes.
        let job = queue.add("any", &1).await.expect("added");
        let delivery = queue.receive(1, time).await.expect("received").pop().expect("a job");
        let extended = delivery.extend(time).await;
        let (is_extended, back) = (extended.is_ok(), delivery.retry_in(time).await);
        table.note(format!("extend and retry_in({time:?})"), &extended, back);
        assert_eq!(is_extended, time == 1.hours());
        let _ = job.promote().await;
        let again = queue.receive(1, 5.seconds()).await.expect("received").pop();
        again.expect("it is back").complete().await.expect("completed");
        works(&queue).await.expect("the queue works");
    }
    table.assert_sound();
}
