//! Many producers, keys and workers: a key has never two runs at once, the last add of each runs,
//! and no key is left taken.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jobqueue::{Client, DurationExt as _, State, Unique, Worker, job, unique::Added};
use jobqueue_tests::{
    report::{Played, Report},
    server::RedisServer,
};
use tokio::time::{Instant, sleep};

/// Adds of each producer.
const ADDS: u32 = 400;
const PRODUCERS: u32 = 8;
const KEYS: u32 = 5;

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Runs>>);

#[derive(Default)]
struct Runs {
    /// By key: how many run, and the newest payload that ran.
    by_key: BTreeMap<u32, (u32, u32)>,
    at_once: u32,
    runs: u32,
}

impl Seen {
    fn with<R>(&self, act: impl FnOnce(&mut Runs) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[job(queue = "dedup", attempts = 3, backoff = fixed("1ms"))]
async fn work((key, n): (u32, u32), seen: State<Seen>) -> Result<(), String> {
    seen.with(|runs| {
        let (running, newest) = runs.by_key.entry(key).or_default();
        *running += 1;
        *newest = n.max(*newest);
        runs.at_once = runs.at_once.max(*running);
        runs.runs += 1;
    });
    sleep(Duration::from_millis(fastrand::u64(0..4))).await;
    seen.with(|runs| runs.by_key.entry(key).or_default().0 -= 1);
    // Now and then an attempt fails: the key stays taken until the last one.
    if fastrand::u8(0..8) == 0 { Err("again".to_owned()) } else { Ok(()) }
}

pub(crate) async fn play(report: &mut Report) -> Played {
    for (name, rule) in [
        ("keep_last", Unique::by as fn(String) -> Unique),
        ("debounce", |key| Unique::by(key).debounce(2.millis()).longest_wait(20.millis())),
    ] {
        let keep_last = name == "keep_last";
        let rule = move |key: u32| {
            let unique = rule(key.to_string());
            if keep_last { unique.keep_last() } else { unique }
        };
        one(report, name, rule).await?;
    }
    Ok(())
}

async fn one(
    report: &mut Report,
    name: &str,
    rule: impl Fn(u32) -> Unique + Send + Sync + 'static,
) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let (seen, rule) = (Seen::default(), Arc::new(rule));
    let mut workers = Vec::new();
    for _ in 0..3 {
        let worker = Worker::builder(&client).handler(work).state(seen.clone()).concurrency(8);
        let worker = worker.build()?;
        workers.push((worker.handle(), tokio::spawn(worker.run_until(std::future::pending()))));
    }
    let producers = (0..PRODUCERS).map(|_| {
        let (client, rule) = (client.clone(), Arc::clone(&rule));
        tokio::spawn(async move {
            let mut added = 0;
            for n in 0..ADDS {
                let key = fastrand::u32(0..KEYS);
                let job = client.add(work, (key, n)).unique(rule(key)).await?;
                added += u32::from(matches!(job.added(), Added::New | Added::After(_)));
            }
            Ok::<u32, jobqueue::Error>(added)
        })
    });
    let (mut added, mut joined) = (0, Vec::new());
    joined.extend(producers);
    for producer in joined {
        added += producer.await??;
    }
    // The last word of each key.
    for key in 0..KEYS {
        let job = client.add(work, (key, ADDS)).unique(rule(key)).await?;
        added += u32::from(matches!(job.added(), Added::New | Added::After(_)));
    }
    let (queue, began) = (client.queue("dedup")?, Instant::now());
    let counts = loop {
        let counts = queue.counts().await?;
        let left = counts.waiting + counts.delayed + counts.active;
        if left == 0 || began.elapsed() > 20.seconds() {
            break counts;
        }
        sleep(10.millis()).await;
    };
    let ended = counts.total_completed + counts.total_failed;
    let last = seen.with(|runs| runs.by_key.values().filter(|(_, n)| *n == ADDS).count());
    let (at_once, runs) = seen.with(|runs| (runs.at_once, runs.runs));
    let adds = PRODUCERS * ADDS + KEYS;
    report.check(
        &format!("{name}: runs of one key at once, of {runs} for {adds} adds"),
        at_once,
        "1",
        at_once == 1,
    );
    report.check(
        &format!("{name}: jobs that were added, and ended"),
        format!("{added}, {ended}"),
        "as many",
        u64::from(added) == ended,
    );
    report.check(&format!("{name}: keys whose last add ran"), last, KEYS, last == KEYS as usize);
    let mut taken = 0;
    for key in 0..KEYS {
        taken += u32::from(queue.unique_key("work", &key.to_string())?.holder().await?.is_some());
    }
    report.check(&format!("{name}: keys left taken"), taken, "0", taken == 0);
    for (handle, task) in workers {
        handle.stop(1.seconds());
        task.await??;
    }
    Ok(())
}
