//! How queues are, read at most once a second however many ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream};
use jobqueue::{
    Client, QueueName, Result,
    manage::QueueEntry,
    stats::{QueueStats, Rates},
};
use tokio::sync::Mutex;

/// What was read last serves others this long.
const FRESH: Duration = Duration::from_millis(900);

/// How long the list of queues is good.
const NAMES: Duration = Duration::from_secs(10);

/// Rates are reckoned over this time at least, if there is a reading so old, and twice it at most.
const OVER: Duration = Duration::from_secs(5);

/// How old a reading may be for rates.
const OLDEST: Duration = Duration::from_secs(120);

/// How many queues are read at the same time, over one connection.
const AT_ONCE: usize = 64;

/// All queues at one moment.
#[derive(Debug)]
pub(crate) struct Reading {
    at: Instant,
    pub(crate) queues: Vec<QueueEntry>,
    pub(crate) stats: BTreeMap<QueueName, QueueStats>,
    pub(crate) rates: BTreeMap<QueueName, Rates>,
}

impl Reading {
    /// Whether a queue holds dead letters of others.
    pub(crate) fn holds_dead_letters(&self, queue: &QueueName) -> bool {
        self.queues.iter().any(|entry| entry.name == *queue && entry.is_dead_letter())
    }
}

/// Reads queues for all who ask.
#[derive(Debug)]
pub(crate) struct Readings {
    client: Client,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    names: Option<(Instant, Vec<QueueEntry>)>,
    reading: Option<Arc<Reading>>,
    /// An older one, for rates.
    earlier: Option<Arc<Reading>>,
}

impl Readings {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, last: Mutex::default() }
    }

    /// How all queues are, at most a second old.
    pub(crate) async fn latest(&self) -> Result<Arc<Reading>> {
        // Whoever comes while another reads waits for what that reads.
        let mut last = self.last.lock().await;
        if let Some(reading) = last.reading.as_ref().filter(|it| it.at.elapsed() < FRESH) {
            return Ok(reading.clone());
        }
        let queues = self.names(&mut last).await?;
        let stats = self.stats(&queues).await?;
        let rates = last.earlier.as_ref().filter(|earlier| earlier.at.elapsed() < OLDEST);
        let rates = rates.map(|earlier| rates_since(&stats, &earlier.stats)).unwrap_or_default();
        let reading = Arc::new(Reading { at: Instant::now(), queues, stats, rates });
        let before = last.reading.replace(reading.clone());
        match &last.earlier {
            Some(earlier) if earlier.at.elapsed() < OVER * 2 => {}
            _ => last.earlier = before.or_else(|| Some(reading.clone())),
        }
        Ok(reading)
    }

    /// Which queues there are, as of at most ten seconds ago.
    pub(crate) async fn queues(&self) -> Result<Vec<QueueEntry>> {
        let mut last = self.last.lock().await;
        self.names(&mut last).await
    }

    /// How some queues are now. Nothing else is read, and nothing is kept.
    pub(crate) async fn some(&self, names: &BTreeSet<QueueName>) -> Result<Reading> {
        let all = self.queues().await?;
        let queues: Vec<_> = all.into_iter().filter(|it| names.contains(&it.name)).collect();
        let stats = self.stats(&queues).await?;
        Ok(Reading { at: Instant::now(), queues, stats, rates: BTreeMap::new() })
    }

    async fn names(&self, last: &mut Last) -> Result<Vec<QueueEntry>> {
        match &last.names {
            Some((at, names)) if at.elapsed() < NAMES => Ok(names.clone()),
            _ => {
                let names = self.client.queues().all().await?;
                last.names = Some((Instant::now(), names.clone()));
                Ok(names)
            }
        }
    }

    async fn stats(&self, queues: &[QueueEntry]) -> Result<BTreeMap<QueueName, QueueStats>> {
        let mut each = Vec::with_capacity(queues.len());
        for entry in queues {
            each.push(read_one(self.client.clone(), entry.name.clone()));
        }
        let read: Vec<Result<_>> = stream::iter(each).buffer_unordered(AT_ONCE).collect().await;
        read.into_iter().collect()
    }
}

async fn read_one(client: Client, name: QueueName) -> Result<(QueueName, QueueStats)> {
    let stats = client.queue(name.as_str())?.stats().await?;
    Ok((name, stats))
}

fn rates_since(
    now: &BTreeMap<QueueName, QueueStats>,
    earlier: &BTreeMap<QueueName, QueueStats>,
) -> BTreeMap<QueueName, Rates> {
    let both = now.iter().filter_map(|(name, now)| Some((name, now, earlier.get(name)?)));
    let rates = both.map(|(name, now, earlier)| (name.clone(), now.since(earlier)));
    rates.filter(|(_, rates)| !rates.over.is_zero()).collect()
}
