//! One receive.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, timeout_at},
};

use super::{
    delivery::{Delivery, Source},
    intake::{Accepted, Intake},
    receiver::{Receiver, check_visibility},
    session::Session,
};
use crate::{
    error::{Error, Result},
    store::{MAX_BATCH, worker::Limit},
    value_error::Invalid,
    worker::MAX_SLEEP,
};

/// A receive about to be made: set options, then await it.
///
/// Awaited, it gives up to as many jobs as it was asked for as soon as there are any, and none if none came in
/// time. Dropped before that, it hands back what it has taken.
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
    pub(crate) fn new(receiver: Receiver, max: usize, wait: Duration) -> Self {
        Self { receiver, max, wait }
    }

    /// How long the jobs of this receive are nobody else's; the receiver's by default, which is 30 s. 100 ms
    /// to 12 h.
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
        // A wait beyond all clocks is one of a year.
        let until = now.checked_add(self.wait).unwrap_or(now + Duration::from_secs(31_536_000));
        let Some(mut permits) = self.permits(until).await else { return Ok(Vec::new()) };
        let want = if self.receiver.permits.is_some() { permits.len() } else { self.max };
        let Receiver { queue, connections, rules, .. } = &self.receiver;
        let mut session = Session::new(queue.clone(), rules.visibility);
        loop {
            let turn = session.take(want).await?;
            let taken_at = Instant::now();
            let full = turn.taken.len() >= want;
            let intake = Intake::new(queue.clone(), rules.clone(), turn.more.dead_letter);
            if turn.effects {
                queue.client().relays().start(queue.name());
            }
            let (accepted, failed) = intake.sort(turn.taken);
            if let Some(worker) = session.name()
                && !failed.is_empty()
            {
                match intake.settle(worker, &failed, Duration::ZERO).await {
                    // It took longer than the timeout: nothing of it is ours any more.
                    Err(error) if error.is_lease_lost() => continue,
                    settled => settled?,
                }
            }
            if !accepted.is_empty() {
                let Some(worker) = session.hand_over() else { continue };
                let source = Source { intake, worker, until: taken_at + rules.visibility };
                permits.truncate(accepted.len());
                return Ok(deliveries(&source, accepted, permits));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                session.leave().await;
                return Ok(Vec::new());
            }
            if full {
                continue;
            }
            let nap = turn.look_in.min(MAX_SLEEP).min(left);
            match turn.limit {
                // The token would come for jobs that may not be taken.
                Some(Limit::Rate | Limit::Throttled) => sleep(nap).await,
                _ => match connections.wait(queue.store(), nap).await {
                    // What is wrong is found out, and said, by the next call.
                    Err(Error::Unavailable { .. }) => {
                        sleep(nap.min(Duration::from_millis(100))).await
                    }
                    other => drop(other?),
                },
            }
        }
    }

    /// Room for jobs, if so many may be out: none in time is none at all.
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

/// The jobs, each with its place among those that may be out.
fn deliveries(
    source: &Source,
    accepted: Vec<Accepted>,
    permits: Vec<OwnedSemaphorePermit>,
) -> Vec<Delivery> {
    let mut permits = permits.into_iter();
    accepted.into_iter().map(|job| Delivery::new(source.clone(), job, permits.next())).collect()
}

impl IntoFuture for Receive {
    type Output = Result<Vec<Delivery>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
