//! What happens around one job. Each scene leaves the queue as it found it, and answers how long
//! the job waited; nothing if another consumer was faster and there was nothing to see.

use std::time::{Duration, Instant};

use jobqueue::{Rate, Result, receive::Delivery};
use tokio::time::timeout;

use super::stage::{Stage, Step};

/// How long the job waited.
type Seen = Result<Option<Duration>>;

pub(super) const SCENES: &[&str] = &[
    "add",
    "delay",
    "retry",
    "topic",
    "queue paused",
    "worker paused",
    "all paused",
    "worker stops",
    "max_active",
    "receive dropped",
    "visibility shortened",
    "unknown name",
    "rate cleared",
];

pub(super) async fn play(scene: &str, stage: &mut Stage, n: u64) -> Seen {
    match scene {
        "delay" => delay(stage, n).await,
        "retry" => retry(stage, n).await,
        "topic" => topic(stage, n).await,
        "queue paused" => queue_paused(stage, n).await,
        "worker paused" => worker_paused(stage, n).await,
        "all paused" => all_paused(stage, n).await,
        "worker stops" => worker_stops(stage, n).await,
        "max_active" => max_active(stage, n).await,
        "receive dropped" => receive_dropped(stage, n).await,
        "visibility shortened" => visibility_shortened(stage, n).await,
        "unknown name" => unknown_name(stage, n).await,
        "rate cleared" => rate_cleared(stage, n).await,
        _ => {
            stage.add(n).await?;
            seen(stage, n, Instant::now()).await
        }
    }
}

async fn seen(stage: &Stage, n: u64, could_start: Instant) -> Seen {
    Ok(Some(stage.wait(n, could_start).await))
}

fn after(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

async fn delay(stage: &mut Stage, n: u64) -> Seen {
    let delay = stage.any(&[1, 3, 12, 40]);
    stage.add_later(n, delay, None).await?;
    seen(stage, n, after(delay)).await
}

async fn retry(stage: &mut Stage, n: u64) -> Seen {
    let retry = stage.any(&[1, 5, 30]);
    stage.add_later(n, 0, Some(retry)).await?;
    seen(stage, n, after(retry)).await
}

async fn topic(stage: &mut Stage, n: u64) -> Seen {
    stage.client.publish("news", "any", Step { n, retry: None }).await?;
    seen(stage, n, Instant::now()).await
}

async fn queue_paused(stage: &mut Stage, n: u64) -> Seen {
    stage.queue.create().await?;
    stage.queue.pause().await?;
    stage.sleep(4).await;
    let delay = stage.any(&[0, 10, 30]);
    stage.add_later(n, delay, None).await?;
    let due = after(delay);
    stage.sleep(15).await;
    stage.queue.resume().await?;
    seen(stage, n, due.max(Instant::now())).await
}

/// The other worker may not know when the job is due.
async fn worker_paused(stage: &mut Stage, n: u64) -> Seen {
    let paused = stage.any(&[0, 1]);
    let (delay, early) = (stage.any(&[0, 8, 25]), stage.coin());
    if early {
        stage.workers[paused].handle.pause();
        stage.sleep(4).await;
    }
    stage.add_later(n, delay, None).await?;
    let due = after(delay);
    stage.workers[paused].handle.pause();
    let wait = stage.wait(n, due).await;
    stage.workers[paused].handle.resume();
    Ok(Some(wait))
}

async fn all_paused(stage: &mut Stage, n: u64) -> Seen {
    stage.workers.iter().for_each(|worker| worker.handle.pause());
    stage.sleep(4).await;
    stage.add(n).await?;
    stage.sleep(4).await;
    let first = stage.any(&[0, 1]);
    stage.workers[first].handle.resume();
    let could_start = Instant::now();
    stage.sleep(4).await;
    stage.workers[1 - first].handle.resume();
    seen(stage, n, could_start).await
}

/// The token may be on its way to the one that leaves, or it alone knows when the job is due.
async fn worker_stops(stage: &mut Stage, n: u64) -> Seen {
    let (leaves, delay, early) = (stage.any(&[0, 1]), stage.any(&[0, 0, 10, 30]), stage.coin());
    let due = if early {
        stage.add_later(n, delay, None).await?;
        Some(after(delay))
    } else {
        None
    };
    stage.workers[leaves].handle.stop(Duration::from_secs(5));
    stage.sleep(4).await;
    let due = match due {
        Some(due) => due,
        None => {
            stage.add_later(n, delay, None).await?;
            after(delay)
        }
    };
    let wait = stage.wait(n, due).await;
    stage.replace(leaves)?.stop().await?;
    Ok(Some(wait))
}

/// Adds a job that is received by hand, while no worker looks.
async fn received(stage: &mut Stage, n: u64) -> Result<Option<Delivery>> {
    stage.workers.iter().for_each(|worker| worker.handle.pause());
    stage.sleep(6).await;
    stage.add(n).await?;
    let deliveries = stage.queue.receive(1, Duration::from_millis(100)).await?;
    stage.workers.iter().for_each(|worker| worker.handle.resume());
    let delivery = deliveries.into_iter().next();
    if delivery.is_none() {
        // A worker was faster after all.
        stage.wait(n, Instant::now()).await;
    }
    stage.sleep(6).await;
    Ok(delivery)
}

/// The one job that may be active is out by hand.
async fn max_active(stage: &mut Stage, n: u64) -> Seen {
    let Some(held) = received(stage, n).await? else { return Ok(None) };
    stage.queue.set_limits().max_active(1).await?;
    let next = n + (1 << 40);
    stage.add(next).await?;
    stage.sleep(6).await;
    held.complete().await?;
    let wait = stage.wait(next, Instant::now()).await;
    stage.queue.set_limits().max_active(None).await?;
    Ok(Some(wait))
}

async fn receive_dropped(stage: &mut Stage, n: u64) -> Seen {
    let receiver = stage.queue.receiver();
    let (give_up, early) = (stage.ms(8), stage.coin());
    let receive = timeout(give_up, receiver.receive(1, Duration::from_secs(5)).into_future());
    let receive = tokio::spawn(receive);
    if early {
        stage.sleep(8).await;
    }
    stage.add(n).await?;
    let received = receive.await.unwrap_or(Ok(Ok(Vec::new())));
    for delivery in received.unwrap_or(Ok(Vec::new()))? {
        delivery.release().await?;
    }
    seen(stage, n, Instant::now()).await
}

async fn visibility_shortened(stage: &mut Stage, n: u64) -> Seen {
    let Some(held) = received(stage, n).await? else { return Ok(None) };
    held.extend(Duration::from_millis(100)).await?;
    drop(held);
    seen(stage, n, after(100)).await
}

async fn unknown_name(stage: &mut Stage, n: u64) -> Seen {
    let stranger = stage.stranger()?;
    stage.sleep(8).await;
    stage.add(n).await?;
    let wait = stage.wait(n, Instant::now()).await;
    stranger.stop().await?;
    Ok(Some(wait))
}

async fn rate_cleared(stage: &mut Stage, n: u64) -> Seen {
    stage.queue.set_limits().rate(Rate::new(1, Duration::from_secs(3_600))).await?;
    let next = n + (1 << 40);
    stage.add(n).await?;
    stage.wait(n, Instant::now()).await;
    stage.add(next).await?;
    stage.sleep(6).await;
    stage.queue.set_limits().rate(None).await?;
    seen(stage, next, Instant::now()).await
}
