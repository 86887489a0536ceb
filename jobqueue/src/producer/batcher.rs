//! Group commit: while one call to Redis is on its way, whatever is added meanwhile gathers, and the
//! next call takes all of it. Idle, a batch of one goes at once; under load batches are large. No timer,
//! no added latency. What gathers may become a large batch by itself: that one follows the first at once.
//!
//! What comes while nothing is on its way is sent by its own task, without a stop at another's. All else
//! goes by a courier's, so that nobody works for others, and nobody waits for one who was dropped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};

use super::overflow::{Plan, Spillway};
use crate::{
    error::{Error, Refused, Result},
    job::QueueName,
    outbox::Relays,
    store::{
        Durability, MAX_BATCH, MAX_BYTES, QueueStore, Retries, deadline_after,
        job::{Add, Added, Instead, NewJob, Twins},
    },
};

/// How many adds may wait for their turn before further ones wait to be taken in.
const INBOX: usize = 4 * MAX_BATCH;

/// How many jobs of several adds one call carries: half of what it could. While Redis works on one half of a
/// crowd, the other hears of its jobs and adds again; with all in one call, either would wait.
const SHARED_CALL: usize = MAX_BATCH / 2;

/// So many jobs don't wait for the call that is on its way. The fixed cost of a call, some ten jobs' worth, counts
/// for little among them; and with a second call at its door Redis has no pause after the first.
const SECOND_CALL: usize = SHARED_CALL / 5;

/// How long the courier waits for a call that another task makes, so that more can ride along. Not longer:
/// that task's future may be one that is kept and not polled.
const COURTESY: Duration = Duration::from_millis(10);

/// The batchers of a client, one for each queue and kind of durability in use.
#[derive(Debug, Default)]
pub(crate) struct Batchers(Mutex<HashMap<(QueueName, Durability), Batcher, RandomState>>);

impl Batchers {
    pub(crate) fn get(
        &self,
        store: &QueueStore,
        durability: Durability,
        relays: &Relays,
    ) -> Batcher {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (store.name().clone(), durability);
        if let Some(batcher) = all.get(&key)
            && !batcher.inbox.is_closed()
        {
            return batcher.clone();
        }
        // First use; or the runtime that the task ran on has been shut down.
        let batcher = Batcher::spawn(store, durability, relays);
        all.insert(key, batcher.clone());
        batcher
    }
}

/// The way into one batcher.
#[derive(Clone, Debug)]
pub(crate) struct Batcher {
    inbox: mpsc::Sender<Parcel>,
    courier: Arc<Courier>,
    patience: Duration,
}

/// Jobs that are added together or not at all.
#[derive(Debug)]
struct Parcel {
    jobs: Vec<NewJob>,
    deadline: Instant,
    reply: oneshot::Sender<Result<Twins>>,
}

impl Batcher {
    fn spawn(store: &QueueStore, durability: Durability, relays: &Relays) -> Self {
        let (inbox, parcels) = mpsc::channel(INBOX);
        let own = store.for_durability(durability);
        let patience = store.patience();
        let spillway = Spillway { store: store.clone(), relays: relays.clone() };
        let courier =
            Arc::new(Courier { store: own, durability, spillway, road: AsyncMutex::default() });
        tokio::spawn(Arc::clone(&courier).run(parcels));
        Self { inbox, courier, patience }
    }

    /// Adds jobs, at most one call's worth, all or none.
    pub(crate) async fn add(&self, jobs: Vec<NewJob>) -> Result<Twins> {
        if jobs.is_empty() {
            return Ok(Twins::new());
        }
        let deadline = deadline_after(self.patience);
        if self.nobody_waits()
            && let Ok(_road) = self.courier.road.try_lock()
        {
            // In a box, so that those who wait for others don't carry a call along.
            return Box::pin(self.courier.send(&jobs, deadline, false)).await;
        }
        let (reply, answer) = oneshot::channel();
        let parcel = Parcel { jobs, deadline, reply };
        match timeout_at(deadline, self.inbox.send(parcel)).await {
            Ok(Ok(())) => answer.await.unwrap_or(Err(Error::Closed)),
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => Err(too_late()),
        }
    }

    /// Whether no parcel was handed in that the courier has yet to fetch: none is overtaken.
    fn nobody_waits(&self) -> bool {
        self.inbox.capacity() == self.inbox.max_capacity()
    }
}

fn too_late() -> Error {
    Error::Unavailable { doing: "add jobs", reason: "earlier adds still wait for an answer".into() }
}

/// Carries parcels to Redis, in one call at a time, or two if there are many.
#[derive(Debug)]
struct Courier {
    store: QueueStore,
    durability: Durability,
    /// Held by whoever makes a call. Nothing but the size of batches hangs on it.
    road: AsyncMutex<()>,
    /// Where what doesn't fit goes, if the queue says so.
    spillway: Spillway,
}

impl Courier {
    /// Ends when the client, and with it every sender, is gone.
    async fn run(self: Arc<Self>, mut inbox: mpsc::Receiver<Parcel>) {
        let mut parcels = Vec::with_capacity(MAX_BATCH);
        let mut calls = FuturesUnordered::new();
        // Kept after a call for many: they come again, most likely, and the first of them is not to go
        // ahead alone.
        let mut road = None;
        while inbox.recv_many(&mut parcels, MAX_BATCH).await > 0 {
            let held = match road.take() {
                Some(held) => Some(held),
                None => timeout(COURTESY, self.road.lock()).await.ok(),
            };
            let mut many = false;
            loop {
                fill(&mut parcels, &mut inbox);
                while may_go(calls.len(), &parcels) {
                    let rest = parcels.split_off(one_call(&parcels));
                    many = parcels.len() > 1;
                    calls.push(self.deliver(std::mem::replace(&mut parcels, rest)));
                    fill(&mut parcels, &mut inbox);
                }
                if calls.next().await.is_none() {
                    break;
                }
                if many {
                    // Whoever has just heard may have more to add; it goes along.
                    yield_now().await;
                }
            }
            road = held.filter(|_| many);
        }
    }

    /// Sends parcels in one call; one by one if together they don't fit into the queue, since some may.
    async fn deliver(&self, mut parcels: Vec<Parcel>) {
        let now = Instant::now();
        for late in parcels.extract_if(.., |parcel| parcel.deadline < now) {
            let _ = late.reply.send(Err(too_late()));
        }
        let Some(deadline) = parcels.iter().map(|parcel| parcel.deadline).min() else { return };
        let sizes: Vec<usize> = parcels.iter().map(|parcel| parcel.jobs.len()).collect();
        let jobs: Vec<NewJob> =
            parcels.iter_mut().flat_map(|parcel| std::mem::take(&mut parcel.jobs)).collect();
        match self.send(&jobs, deadline, false).await {
            Err(Error::Refused(Refused::QueueFull { .. })) if parcels.len() > 1 => {
                let mut jobs = jobs.as_slice();
                for (parcel, size) in parcels.into_iter().zip(sizes) {
                    let (own, rest) = jobs.split_at(size);
                    // A queue with another way to overflow may have taken some of them.
                    let answer = self.send(own, parcel.deadline, true).await;
                    let _ = parcel.reply.send(answer);
                    jobs = rest;
                }
            }
            Err(error) => {
                for parcel in parcels {
                    let _ = parcel.reply.send(Err(error.clone()));
                }
            }
            Ok(twins) => share_out(parcels, &sizes, &twins),
        }
    }

    /// One call, or more if the jobs don't fit and the queue says what becomes of them.
    async fn send(&self, jobs: &[NewJob], deadline: Instant, again: bool) -> Result<Twins> {
        let (mut plan, mut twins) = (Plan::whole(jobs), Twins::new());
        while let Some(part) = plan.next() {
            match self.call(jobs.get(part.clone()).unwrap_or_default(), deadline, again).await? {
                Added::All(found) => {
                    twins.extend(found.into_iter().map(|(index, twin)| (part.start + index, twin)));
                }
                Added::Full(full) => {
                    // Rare, and large: not in every batch's way.
                    let away = self.spillway.overflow(jobs, part, &full, &mut plan);
                    twins.extend(Box::pin(away).await?);
                }
            }
        }
        Ok(twins)
    }

    /// One call, repeated as a resend until Redis answers or the deadline has passed.
    async fn call(&self, jobs: &[NewJob], deadline: Instant, again: bool) -> Result<Added> {
        let mut retries = Retries::until(deadline);
        let mut add = Add { jobs, resend: again };
        loop {
            match self.store.add_durably(&add, self.durability).await {
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    add.resend = true;
                }
                Ok(Added::All(mut twins)) if add.resend => {
                    // Found under its own id, a job was added by an earlier try.
                    twins.retain(|(index, twin)| {
                        let own = |job: &NewJob| *twin == Instead::Twin(job.id.clone());
                        jobs.get(*index).is_none_or(|job| job.chosen_id || !own(job))
                    });
                    return Ok(Added::All(twins));
                }
                answer => return answer,
            }
        }
    }
}

/// Lets what has come meanwhile ride along.
fn fill(parcels: &mut Vec<Parcel>, inbox: &mut mpsc::Receiver<Parcel>) {
    while parcels.len() < MAX_BATCH
        && let Ok(parcel) = inbox.try_recv()
    {
        parcels.push(parcel);
    }
}

/// Whether there is something to send while so many calls are on their way.
fn may_go(calls: usize, parcels: &[Parcel]) -> bool {
    match calls {
        0 => !parcels.is_empty(),
        1 => parcels.iter().map(|parcel| parcel.jobs.len()).sum::<usize>() >= SECOND_CALL,
        _ => false,
    }
}

/// How many of the parcels one call can carry: at least one.
fn one_call(parcels: &[Parcel]) -> usize {
    let (mut jobs, mut bytes) = (0, 0);
    let fits = parcels.iter().take_while(|parcel| {
        jobs += parcel.jobs.len();
        bytes += parcel.jobs.iter().map(NewJob::size).sum::<usize>();
        jobs <= SHARED_CALL && bytes <= MAX_BYTES
    });
    fits.count().max(1)
}

/// Gives each parcel the twins among its own jobs, counted from its first.
fn share_out(parcels: Vec<Parcel>, sizes: &[usize], twins: &Twins) {
    let mut start = 0;
    for (parcel, size) in parcels.into_iter().zip(sizes) {
        let own = twins
            .iter()
            .filter(|(index, _)| (start..start + size).contains(index))
            .map(|(index, id)| (index - start, id.clone()))
            .collect();
        start += size;
        let _ = parcel.reply.send(Ok(own));
    }
}
