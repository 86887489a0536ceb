//! How queues went in the last hour and the last day: from their history, which is read at a slow
//! turn, however many look.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use jobqueue::{
    Client, QueueName, Result,
    stats::{History, Resolution},
};
use serde::Serialize;
use tokio::sync::Mutex as Turn;
use tracing::debug;

/// How long the last hour of a queue is good: a point of its history is a minute.
const HOUR_GOOD: Duration = Duration::from_secs(60);

/// How long its last day is good.
const DAY_GOOD: Duration = Duration::from_secs(300);

/// How many queues a request reads at most, and how many a second those who watch.
const A_REQUEST: usize = 200;
const A_SECOND: usize = 2;

/// What nobody has read for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// The columns of an hour.
const COLUMNS: u32 = 30;
const COLUMN: Duration = Duration::from_secs(120);

/// How a queue went.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Trend {
    /// Jobs completed in the last hour, two minutes a number.
    pub(crate) completed: Vec<u64>,
    /// The same of jobs that failed for good.
    pub(crate) failed: Vec<u64>,
    /// Jobs that failed for good in the last day.
    pub(crate) failed_24h: u64,
}

#[derive(Debug)]
struct Known {
    hour_at: Instant,
    day_at: Instant,
    /// None if it couldn't be read: that is tried again after the same time.
    trend: Option<Trend>,
}

/// Reads them for all who ask.
#[derive(Debug)]
pub(crate) struct Trends {
    client: Client,
    known: Mutex<BTreeMap<QueueName, Known>>,
    // Whoever comes while another reads waits for what that reads.
    turn: Turn<()>,
}

impl Trends {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, known: Mutex::default(), turn: Turn::default() }
    }

    /// What is known of a queue, however old.
    pub(crate) fn known(&self, queue: &QueueName) -> Option<Trend> {
        self.lock().get(queue).and_then(|known| known.trend.clone())
    }

    /// How a queue went, if that can be told.
    pub(crate) async fn of(&self, queue: &QueueName) -> Option<Trend> {
        self.read([queue], 1).await;
        self.known(queue)
    }

    /// Reads these, for a page.
    pub(crate) async fn look(&self, queues: impl IntoIterator<Item = &QueueName>) {
        self.read(queues, A_REQUEST).await;
    }

    /// Reads a few of these, for those who watch them.
    pub(crate) async fn some(&self, queues: impl IntoIterator<Item = &QueueName>) {
        self.read(queues, A_SECOND).await;
    }

    async fn read(&self, queues: impl IntoIterator<Item = &QueueName>, most: usize) {
        let _turn = self.turn.lock().await;
        let stale = self.stale(queues, most);
        let each = stale.into_iter().map(|(queue, day)| one(&self.client, queue, day));
        let read = join_all(each).await;
        self.lock().extend(read);
    }

    /// Those that are to be read, and what is still good of their last day.
    fn stale<'a>(
        &self,
        queues: impl IntoIterator<Item = &'a QueueName>,
        most: usize,
    ) -> Vec<(QueueName, Option<(Instant, u64)>)> {
        let mut known = self.lock();
        known.retain(|_, known| known.hour_at.elapsed() < FORGOTTEN);
        let is_stale = |queue: &&'a QueueName| {
            known.get(*queue).is_none_or(|known| known.hour_at.elapsed() >= HOUR_GOOD)
        };
        let day = |queue: &QueueName| {
            let known = known.get(queue).filter(|known| known.day_at.elapsed() < DAY_GOOD)?;
            Some((known.day_at, known.trend.as_ref()?.failed_24h))
        };
        let stale = queues.into_iter().filter(is_stale).take(most);
        stale.map(|queue| (queue.clone(), day(queue))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<QueueName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn one(client: &Client, name: QueueName, day: Option<(Instant, u64)>) -> (QueueName, Known) {
    let read = read(client, &name, day.map(|(_, failed)| failed)).await;
    let (hour_at, day_at) = (Instant::now(), day.map_or_else(Instant::now, |(at, _)| at));
    // One queue, such as one of a newer version, is to hide no other.
    let trend = read.inspect_err(|error| debug!(%error, queue = %name, "no history is read")).ok();
    (name, Known { hour_at, day_at, trend })
}

async fn read(client: &Client, name: &QueueName, failed_24h: Option<u64>) -> Result<Trend> {
    let queue = client.queue(name)?;
    let hour = queue.history().last(COLUMN * COLUMNS).await?;
    let failed_24h = match failed_24h {
        Some(failed) => failed,
        None => {
            let day = Duration::from_secs(86_400);
            queue.history().resolution(Resolution::Hour).last(day).await?.total().failed
        }
    };
    let (completed, failed) = columns(&hour);
    Ok(Trend { completed, failed, failed_24h })
}

/// The minutes of an hour, two by two; the newest one, which isn't over, belongs to the last two.
fn columns(hour: &History) -> (Vec<u64>, Vec<u64>) {
    let each = (0..COLUMNS).map(|column| {
        let from = hour.from + COLUMN * column;
        let to = if column + 1 == COLUMNS { hour.to } else { from + COLUMN };
        let point = hour.between(from, to);
        (point.completed, point.failed)
    });
    each.unzip()
}
