//! How queues are, read at most once a second however many ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use jobqueue::{
    Client, QueueName, Result,
    manage::QueueEntry,
    stats::{QueueGlance, Rates},
};
use tokio::sync::Mutex;

/// What was read last serves others this long.
const FRESH: Duration = Duration::from_millis(900);

/// The same where there are [many](MANY) queues, and all are asked for.
const FRESH_OF_MANY: Duration = Duration::from_secs(5);

/// From this on, queues are many.
const MANY: usize = 200;

/// How long the list of queues is good.
const NAMES: Duration = Duration::from_secs(10);

/// Rates are reckoned over this time at least, once it has passed.
const OVER: Duration = Duration::from_secs(5);

/// Those who watch see queues that change before those that don't: of the first so many are read a
/// second, of the others a part, and at least so many.
const CHANGING: usize = 8;
const PARTS: usize = 15;
const FEWEST: usize = 3;

/// How old a reading may be for rates.
const OLDEST: Duration = Duration::from_secs(120);

/// Queues as they are.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) queues: Vec<QueueEntry>,
    pub(crate) stats: BTreeMap<QueueName, QueueGlance>,
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
    // Whoever comes while another reads waits for what that reads.
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    names: Option<(Instant, Vec<QueueEntry>)>,
    known: BTreeMap<QueueName, Known>,
}

/// A queue as it was read last.
#[derive(Debug)]
struct Known {
    at: Instant,
    stats: QueueGlance,
    /// As it was some seconds before, for rates.
    earlier: Option<(Instant, QueueGlance)>,
    /// Whether it differed when it was read last.
    changes: bool,
}

impl Known {
    fn update(&mut self, stats: QueueGlance) {
        self.changes = happened(&self.stats) != happened(&stats);
        let before = (self.at, std::mem::replace(&mut self.stats, stats));
        self.at = Instant::now();
        match &self.earlier {
            Some((at, _)) if at.elapsed() < OVER * 2 => {}
            _ => self.earlier = Some(before),
        }
    }

    fn rates(&self) -> Option<Rates> {
        let (_, earlier) = self.earlier.as_ref().filter(|(at, _)| at.elapsed() < OLDEST)?;
        Some(self.stats.since(earlier)).filter(|rates| !rates.over.is_zero())
    }
}

/// What differs once something has happened, and not for the time that passes.
fn happened(it: &QueueGlance) -> impl PartialEq {
    let totals = [it.total_added, it.total_completed, it.total_failed, it.total_cancelled];
    (totals, [it.waiting, it.delayed, it.active, it.failed, it.workers_alive], it.paused)
}

impl Last {
    /// The queues whose turn it is: all that were never read, and of the others those that were read
    /// longest ago.
    fn turn(&self, queues: &[QueueEntry]) -> Vec<QueueName> {
        let (mut turn, mut changing, mut quiet) = (Vec::new(), Vec::new(), Vec::new());
        for QueueEntry { name, .. } in queues {
            match self.known.get(name) {
                None => turn.push(name.clone()),
                Some(known) if known.changes => changing.push((known.at, name)),
                Some(known) => quiet.push((known.at, name)),
            }
        }
        changing.sort_unstable();
        quiet.sort_unstable();
        let part = quiet.len().div_ceil(PARTS).max(FEWEST);
        let chosen = changing.into_iter().take(CHANGING).chain(quiet.into_iter().take(part));
        turn.extend(chosen.map(|(_, name)| name.clone()));
        turn
    }
}

impl Readings {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, last: Mutex::default() }
    }

    /// How all queues are: at most a second old, or five where there are many.
    pub(crate) async fn all(&self) -> Result<Reading> {
        let mut last = self.last.lock().await;
        let queues = self.names(&mut last).await?;
        let fresh = if queues.len() < MANY { FRESH } else { FRESH_OF_MANY };
        let names = queues.iter().map(|entry| entry.name.clone()).collect();
        let reading = self.read(&mut last, queues, names, fresh).await?;
        last.known.retain(|name, _| reading.stats.contains_key(name));
        Ok(reading)
    }

    /// How some queues are, for those who watch them each second: those whose turn it is are read.
    pub(crate) async fn some(&self, names: &BTreeSet<QueueName>) -> Result<Reading> {
        let mut last = self.last.lock().await;
        let mut queues = self.names(&mut last).await?;
        queues.retain(|entry| names.contains(&entry.name));
        let turn = last.turn(&queues);
        self.read(&mut last, queues, turn, FRESH).await
    }

    /// Somebody has changed a queue from here: it is read before it is shown again.
    pub(crate) async fn changed(&self, queue: &QueueName) {
        self.last.lock().await.known.remove(queue);
    }

    /// Which queues there are, as of at most ten seconds ago.
    pub(crate) async fn queues(&self) -> Result<Vec<QueueEntry>> {
        let mut last = self.last.lock().await;
        self.names(&mut last).await
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

    async fn read(
        &self,
        last: &mut Last,
        queues: Vec<QueueEntry>,
        mut stale: Vec<QueueName>,
        fresh: Duration,
    ) -> Result<Reading> {
        stale.retain(|name| last.known.get(name).is_none_or(|it| it.at.elapsed() >= fresh));
        for stats in self.client.glance(&stale).await? {
            let name = stats.queue.clone();
            match last.known.get_mut(&name) {
                Some(known) => known.update(stats),
                None => {
                    let (at, earlier) = (Instant::now(), None);
                    let known = Known { at, stats, earlier, changes: false };
                    last.known.insert(name, known);
                }
            }
        }
        let mut reading = Reading::default();
        for (name, known) in queues.iter().filter_map(|it| last.known.get_key_value(&it.name)) {
            reading.stats.insert(name.clone(), known.stats.clone());
            reading.rates.extend(known.rates().map(|rates| (name.clone(), rates)));
        }
        reading.queues = queues;
        Ok(reading)
    }
}
