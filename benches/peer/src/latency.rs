//! How long jobs wait from the call that adds them to the start of their handler.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    Answer, Kind, Latency, NewJob, Peer, Percentiles, Result, Tally, now_ms, running::Running,
};

/// Between one job's start and the next one's add, when nothing else is going on.
const PAUSE: Duration = Duration::from_millis(5);

/// After this many milliseconds a job counts as lost.
const LOST: f64 = 10_000.0;

pub(crate) async fn measure<P: Peer>(peer: &Arc<P>, task: Latency) -> Result<Answer> {
    let tally = Tally::new(task.jobs, Kind::Plain, true);
    let worker = Running::start(peer, task.slots, 0, &tally);
    // Long enough for any worker to be waiting for jobs.
    sleep(Duration::from_millis(500)).await;
    let added = if task.per_second == 0 {
        one_by_one(peer, task, &tally).await?
    } else {
        steadily(peer, task).await?
    };
    let until = now_ms() + LOST;
    while tally.ran() < task.jobs && now_ms() < until {
        sleep(Duration::from_millis(1)).await;
    }
    worker.end().await?;
    let waits = added.iter().enumerate().map(|(index, added)| tally.began_ms(index) - added);
    Ok(tally.done(Percentiles::of(waits.collect())))
}

/// The next job when the last one has started and all is quiet.
async fn one_by_one<P: Peer>(peer: &Arc<P>, task: Latency, tally: &Tally) -> Result<Vec<f64>> {
    let mut added = Vec::with_capacity(task.jobs);
    for index in 0..task.jobs {
        added.push(now_ms());
        peer.add(job(task, index)).await?;
        let until = now_ms() + LOST;
        while tally.ran() <= index && now_ms() < until {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(PAUSE).await;
    }
    Ok(added)
}

/// So many a second, each counted from when it *should* have been added: a producer that is held up
/// must not hide it.
async fn steadily<P: Peer>(peer: &Arc<P>, task: Latency) -> Result<Vec<f64>> {
    let (began, began_ms) = (Instant::now(), now_ms());
    let mut adds = JoinSet::new();
    let mut added = Vec::with_capacity(task.jobs);
    for index in 0..task.jobs {
        let after = Duration::from_secs_f64(index as f64 / task.per_second as f64);
        sleep_until(began + after).await;
        added.push(began_ms + after.as_secs_f64() * 1e3);
        let (peer, job) = (Arc::clone(peer), job(task, index));
        adds.spawn(async move { peer.add(job).await });
        while let Some(done) = adds.try_join_next() {
            done??;
        }
    }
    while let Some(done) = adds.join_next().await {
        done??;
    }
    Ok(added)
}

fn job(task: Latency, index: usize) -> NewJob {
    NewJob::new(index, task.jobs, task.bytes, Kind::Plain)
}
