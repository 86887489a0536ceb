//! Group commit: while one call to Redis is on its way, whatever is sent meanwhile gathers, and the
//! next call takes all of it. Idle, a batch of one goes at once; under load batches are large. No timer,
//! no added latency.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use crate::{
    error::{Error, Result},
    job::QueueName,
    store::{Durability, MAX_BATCH, QueueStore},
};

/// How many parcels may wait for their turn before further ones wait to be taken in.
const INBOX: usize = 4 * MAX_BATCH;

/// About how many bytes one call carries, as in [`crate::store::chunks`].
const MAX_BYTES: usize = 1 << 20;

/// What a patience beyond all clocks comes to.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Who carries parcels of one kind to Redis, one call at a time.
pub(super) trait Freight: Send + Sync + Sized + 'static {
    /// What is carried.
    type Item: Send + 'static;
    /// What becomes of a parcel.
    type Answer: Default + Send + 'static;
    /// For the text of errors: "add jobs".
    const DOING: &'static str;

    /// About how many bytes an item takes on the way.
    fn size(&self, item: &Self::Item) -> usize;

    /// Sends parcels in one call, and answers each.
    fn deliver(&mut self, parcels: Vec<Parcel<Self>>) -> impl Future<Output = ()> + Send;
}

/// The batchers of a client for one kind of freight, one for each queue and kind of durability in use.
pub(super) struct Batchers<F: Freight>(Mutex<HashMap<(QueueName, Durability), Batcher<F>>>);

impl<F: Freight> Batchers<F> {
    /// The batcher of a queue. If there is none yet, these give the store and who carries.
    pub(super) fn get(
        &self,
        queue: &QueueName,
        durability: Durability,
        store: impl FnOnce() -> QueueStore,
        freight: impl FnOnce(QueueStore) -> F,
    ) -> Batcher<F> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (queue.clone(), durability);
        if let Some(batcher) = all.get(&key)
            && !batcher.inbox.is_closed()
        {
            return batcher.clone();
        }
        // First use; or the runtime that the task ran on has been shut down.
        let store = store();
        // WAIT holds its connection up, and counts what that connection wrote: one of its own.
        let own = match durability {
            Durability::Acknowledged => store.clone(),
            _ => store.apart(),
        };
        let batcher = Batcher::spawn(store.patience(), freight(own));
        all.insert(key, batcher.clone());
        batcher
    }
}

impl<F: Freight> Default for Batchers<F> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<F: Freight> fmt::Debug for Batchers<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batchers").finish_non_exhaustive()
    }
}

/// The way into one batcher.
pub(super) struct Batcher<F: Freight> {
    inbox: mpsc::Sender<Parcel<F>>,
    patience: Duration,
}

impl<F: Freight> Clone for Batcher<F> {
    fn clone(&self) -> Self {
        Self { inbox: self.inbox.clone(), patience: self.patience }
    }
}

/// Items that are sent together or not at all.
pub(super) struct Parcel<F: Freight> {
    pub(super) items: Vec<F::Item>,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<F::Answer>>,
}

impl<F: Freight> Batcher<F> {
    fn spawn(patience: Duration, freight: F) -> Self {
        let (inbox, parcels) = mpsc::channel(INBOX);
        tokio::spawn(run(freight, parcels));
        Self { inbox, patience }
    }

    /// Sends items, at most one call's worth, all or none.
    pub(super) async fn send(&self, items: Vec<F::Item>) -> Result<F::Answer> {
        if items.is_empty() {
            return Ok(F::Answer::default());
        }
        let (reply, answer) = oneshot::channel();
        let now = Instant::now();
        let deadline = now.checked_add(self.patience).unwrap_or(now + FOR_EVER);
        let parcel = Parcel { items, deadline, reply };
        match timeout_at(deadline, self.inbox.send(parcel)).await {
            Ok(Ok(())) => answer.await.unwrap_or(Err(Error::Closed)),
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => Err(too_late::<F>()),
        }
    }
}

fn too_late<F: Freight>() -> Error {
    let reason = "earlier calls still wait for an answer".into();
    Error::Unavailable { doing: F::DOING, reason }
}

/// Ends when the client, and with it every sender, is gone.
async fn run<F: Freight>(mut freight: F, mut inbox: mpsc::Receiver<Parcel<F>>) {
    let mut parcels = Vec::with_capacity(MAX_BATCH);
    while inbox.recv_many(&mut parcels, MAX_BATCH).await > 0 {
        while !parcels.is_empty() {
            let rest = parcels.split_off(one_call(&freight, &parcels));
            freight.deliver(std::mem::replace(&mut parcels, rest)).await;
            // What came meanwhile rides along with what was left.
            while parcels.len() < MAX_BATCH
                && let Ok(parcel) = inbox.try_recv()
            {
                parcels.push(parcel);
            }
        }
    }
}

/// The parcels whose time is not over, which the others are told, and the time when the first one's is.
pub(super) fn in_time<F: Freight>(
    mut parcels: Vec<Parcel<F>>,
) -> (Vec<Parcel<F>>, Option<Instant>) {
    let now = Instant::now();
    for late in parcels.extract_if(.., |parcel| parcel.deadline < now) {
        let _ = late.reply.send(Err(too_late::<F>()));
    }
    let deadline = parcels.iter().map(|parcel| parcel.deadline).min();
    (parcels, deadline)
}

/// How many of the parcels one call can carry: at least one.
fn one_call<F: Freight>(freight: &F, parcels: &[Parcel<F>]) -> usize {
    let (mut items, mut bytes) = (0, 0);
    let fits = parcels.iter().take_while(|parcel| {
        items += parcel.items.len();
        bytes += parcel.items.iter().map(|item| freight.size(item)).sum::<usize>();
        items <= MAX_BATCH && bytes <= MAX_BYTES
    });
    fits.count().max(1)
}
