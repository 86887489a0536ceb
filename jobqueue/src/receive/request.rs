//! One receive.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, timeout_at},
};

use super::{
    context::{Accepted, ReceiveContext},
    delivery::{Delivery, Source},
    fetcher::Fetcher,
    history,
    receiver::Receiver,
    rules::check_visibility,
    settle::settle,
    sources, ticks,
};
use crate::{
    error::{Error, Result},
    job::WorkerId,
    queue::Queue,
    settle::ServerClock,
    store::{
        MAX_BATCH, QueueStore,
        worker::{Limit, Turn, Wake},
    },
    task::boxed,
    value_error::Invalid,
    worker::MAX_SLEEP,
};

/// How long a receive sleeps that may not wait for the wake token.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A receive about to be made: set options, then await it.
///
/// It answers as soon as there are jobs, with at most as many as it was asked for; and with none if
/// none came in time.
///
/// # Cancel safety
/// Dropped before it is done, as by a `select!`, it leaves nothing behind: the jobs that it has
/// fetched go back to their places at once, without a count.
///
/// # Errors
/// [`Error::Invalid`] before anything is sent, and those of any call.
#[must_use = "jobs are received when this is awaited"]
#[derive(Debug)]
pub struct Receive {
    receiver: Receiver,
    max: usize,
    wait: Duration,
}

impl Receive {
    /// For how long no other consumer gets the jobs of this receive; the receiver's by default,
    /// which is 30 s. 100 ms to 12 h.
    pub fn visibility(mut self, timeout: Duration) -> Self {
        self.receiver = self.receiver.visibility(timeout);
        self
    }

    fn check(&self) -> Result<(), Invalid> {
        if let Some(invalid) = &self.receiver.invalid {
            return Err(invalid.clone());
        }
        check_visibility("visibility", self.receiver.rules.visibility)?;
        if self.max == 0 || self.max > MAX_BATCH {
            return Err(Invalid::new("max", self.max, "receive 1 to 1,000 jobs at a time"));
        }
        Ok(())
    }

    async fn run(self) -> Result<Vec<Delivery>> {
        self.check()?;
        let now = Instant::now();
        // A wait that the clock can't express is one of a year.
        let until = now.checked_add(self.wait).unwrap_or(now + Duration::from_secs(31_536_000));
        let Some(mut permits) = self.permits(until).await else { return Ok(Vec::new()) };
        let want = if self.receiver.permits.is_some() { permits.len() } else { self.max };
        let Receiver { queue, rules, .. } = &self.receiver;
        let mut fetcher = Fetcher::new(queue.store().clone(), rules.visibility);
        loop {
            let mut turn = fetcher.fetch(want).await?;
            history::report_aside(queue);
            sources::check_aside(queue, rules.dead_letter.as_ref());
            let taken_at = Instant::now();
            let taken = std::mem::take(&mut turn.taken);
            let more = taken.len() >= want || turn.limit == Some(Limit::Bytes);
            let dead_letter = turn.more.dead_letter.take();
            let context = ReceiveContext::new(queue.clone(), rules.clone(), dead_letter);
            if turn.effects {
                queue.client().relays().start(queue.name());
            }
            let ticks = turn.more.tick.map(|tick| (tick, ticks::until(queue, tick, turn.now)));
            let due = ticks.filter(|(_, wait)| wait.is_zero()).map(|(tick, _)| tick);
            let (accepted, failed) = context.sort(taken, ServerClock::new(turn.now));
            if let Some(worker) = fetcher.name()
                && !failed.is_empty()
            {
                match settle(queue, worker, &failed, Duration::ZERO).await {
                    // It took longer than the timeout: the fetched jobs are lost.
                    Err(error) if error.is_lease_lost() => continue,
                    settled => settled?,
                }
            }
            if !accepted.is_empty() {
                let Some(receive) = fetcher.hand_over() else { continue };
                if let Some(tick) = due {
                    ticks::fire_aside(queue, tick);
                }
                if looks_soon(&turn) {
                    hand_over_looking(queue.store(), &receive);
                }
                let source = Source { context, receive, until: taken_at + rules.visibility };
                permits.truncate(accepted.len());
                return Ok(deliveries(&source, accepted, permits));
            }
            fetcher.settled();
            if let Some(tick) = due {
                ticks::fire(queue, tick).await;
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                fetcher.leave().await;
                return Ok(Vec::new());
            }
            if !more {
                let tick = ticks.map_or(left, |(_, wait)| wait);
                self.sleep(&turn, left.min(tick)).await?;
            }
        }
    }

    /// Waits until it is worth fetching again, at most this long.
    async fn sleep(&self, turn: &Turn, left: Duration) -> Result<()> {
        let Receiver { queue, connections, .. } = &self.receiver;
        let nap = turn.look_in.min(MAX_SLEEP).min(left);
        match connections.wait(queue.store(), nap).await {
            // The next call finds out what is wrong, and says it.
            Err(Error::Unavailable { .. }) => sleep(nap.min(Duration::from_millis(100))).await,
            // By a list of rights, a proxy, or a key of another type: then it looks by itself.
            Err(error @ Error::Refused(_)) => {
                connections.say_refused(queue.store(), &error);
                sleep(nap.min(LOOK_AGAIN)).await;
            }
            other => drop(other?),
        }
        Ok(())
    }

    /// One permit a job where the number of unacknowledged jobs is bounded; none if there was none
    /// in time.
    async fn permits(&self, until: Instant) -> Option<Vec<OwnedSemaphorePermit>> {
        let Some(semaphore) = &self.receiver.permits else { return Some(Vec::new()) };
        let first = timeout_at(until, semaphore.clone().acquire_owned()).await.ok()?.ok()?;
        let mut permits = vec![first];
        while permits.len() < self.max
            && let Ok(permit) = semaphore.clone().try_acquire_owned()
        {
            permits.push(permit);
        }
        Some(permits)
    }
}

/// Whether this receive was to look again, for jobs that start or fall due soon.
fn looks_soon(turn: &Turn) -> bool {
    let by_rate = matches!(turn.limit, Some(Limit::Rate | Limit::Throttled));
    by_rate || turn.look_in.min(turn.more.expires_in.unwrap_or(Duration::MAX)) < MAX_SLEEP
}

/// A receive that has its jobs looks no more: another consumer must.
fn hand_over_looking(store: &QueueStore, worker: &WorkerId) {
    let (store, worker) = (store.clone(), worker.clone());
    tokio::spawn(boxed(async move {
        // Else the others look by themselves, a few seconds later.
        let _ = store.call(&Wake { worker: Some(&worker), wait: None }).await;
    }));
}

/// The jobs, each with its permit to be out.
fn deliveries(
    source: &Source,
    accepted: Vec<Accepted>,
    permits: Vec<OwnedSemaphorePermit>,
) -> Vec<Delivery> {
    let mut permits = permits.into_iter();
    accepted.into_iter().map(|job| Delivery::new(source.clone(), job, permits.next())).collect()
}

impl Receiver {
    /// Fetches up to `max` jobs, 1 to 1,000; waits up to `wait` if there are none, or as many are
    /// out as may be.
    pub fn receive(&self, max: usize, wait: Duration) -> Receive {
        Receive { receiver: self.clone(), max, wait }
    }
}

impl Queue {
    /// Fetches up to `max` jobs, to be acknowledged one by one; waits up to `wait` if there are
    /// none. 1 to 1,000 jobs.
    ///
    /// A job that isn't acknowledged within the visibility timeout, 30 s unless [set
    /// otherwise](Receive::visibility), is handed out again. For bounds, and for many receives,
    /// make a [`receiver`](Self::receiver).
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, Failure, Queue};
    /// # async fn example(orders: Queue) -> Result<(), Box<dyn std::error::Error>> {
    /// for job in orders.receive(10, 20.seconds()).await? {
    ///     let order: u64 = job.payload()?;
    ///     match order {
    ///         0 => job.fail(Failure::permanent("there is no order 0")).await?,
    ///         _ => job.complete().await?,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive(&self, max: usize, wait: Duration) -> Receive {
        self.receiver().receive(max, wait)
    }
}

impl IntoFuture for Receive {
    type Output = Result<Vec<Delivery>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
