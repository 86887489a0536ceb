//! Jobs that wait for others of their handler, to run with them as one batch.
//!
//! None of them has started: they hold no slot, and are cancelled and given back as jobs that were
//! fetched ahead.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    hashing::RandomState,
    job::JobName,
    policy::Batching,
    worker::{registry::Entry, run::Run},
};

/// For how long a batch whose wait is over may wait for a slot. Then other workers may have its jobs.
const PATIENCE: Duration = Duration::from_secs(1);

/// The batches of a pump that have not started.
pub(super) struct Gathering {
    /// In the order in which they were opened.
    batches: BTreeMap<u64, Gathered>,
    /// Those that aren't full.
    open: HashMap<Key, u64, RandomState>,
    opened: u64,
    /// For how long a batch waits for a slot; none: as long as it takes.
    patience: Option<Duration>,
}

/// Which jobs belong together: those of a handler, or those of one group of it.
type Key = (JobName, Option<String>);

/// Jobs that run together.
pub(super) struct Gathered {
    pub(super) number: u64,
    key: Key,
    pub(super) entry: Arc<Entry>,
    pub(super) runs: Vec<Run>,
    /// When it starts, full or not.
    ripe_at: Instant,
}

impl Gathering {
    /// Of a pump that fetches so many jobs ahead of its slots.
    pub(super) fn new(prefetch: usize) -> Self {
        Self {
            batches: BTreeMap::new(),
            open: HashMap::default(),
            opened: 0,
            patience: (prefetch == 0).then_some(PATIENCE),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many jobs of this handler wait.
    pub(super) fn of_handler(&self, name: &JobName) -> usize {
        let own = self.batches.values().filter(|batch| batch.key.0 == *name);
        own.map(|batch| batch.runs.len()).sum()
    }

    /// How many handlers have jobs that wait, but for this one.
    pub(super) fn handlers_but(&self, name: Option<&JobName>) -> usize {
        let names = self.batches.values().map(|batch| &batch.key.0);
        names.filter(|it| Some(*it) != name).collect::<HashSet<_>>().len()
    }

    /// A job waits for others.
    pub(super) fn add(&mut self, run: Run, batching: Batching, now: Instant) {
        let group = run.ctx.group().filter(|_| batching.by_group).map(str::to_owned);
        let key = (run.entry.name.clone(), group);
        let number =
            self.open.get(&key).copied().unwrap_or_else(|| self.open(key, &run, batching, now));
        let Some(batch) = self.batches.get_mut(&number) else { return };
        batch.runs.push(run);
        if batch.runs.len() >= batching.max {
            batch.ripe_at = batch.ripe_at.min(now);
            self.open.remove(&batch.key);
        }
    }

    fn open(&mut self, key: Key, run: &Run, batching: Batching, now: Instant) -> u64 {
        self.opened += 1;
        let ripe_at = now + batching.wait;
        let entry = run.entry.clone();
        self.open.insert(key.clone(), self.opened);
        self.batches.insert(
            self.opened,
            Gathered { number: self.opened, key, entry, runs: Vec::new(), ripe_at },
        );
        self.opened
    }

    /// The time is over of all that wait: nothing more is fetched.
    pub(super) fn close(&mut self, now: Instant) {
        for batch in self.batches.values_mut() {
            batch.ripe_at = batch.ripe_at.min(now);
        }
    }

    /// When the next has waited long enough, for others or for a slot.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let at = |batch: &Gathered| match batch.ripe_at {
            ripe_at if ripe_at > now => Some(ripe_at),
            ripe_at => self.patience.map(|patience| ripe_at + patience),
        };
        self.batches.values().filter_map(at).min()
    }

    /// Takes out the first that is to start now, and that may.
    pub(super) fn take_ripe<T>(
        &mut self,
        now: Instant,
        mut may_start: impl FnMut(&Self, &Entry) -> Option<T>,
    ) -> Option<(Gathered, T)> {
        let ripe = self.batches.iter().filter(|(_, batch)| batch.ripe_at <= now);
        let mut found =
            ripe.filter_map(|(number, batch)| Some((*number, may_start(self, &batch.entry)?)));
        let (number, leave) = found.next()?;
        drop(found);
        self.remove(number).map(|batch| (batch, leave))
    }

    fn remove(&mut self, number: u64) -> Option<Gathered> {
        let batch = self.batches.remove(&number)?;
        if self.open.get(&batch.key) == Some(&number) {
            self.open.remove(&batch.key);
        }
        Some(batch)
    }

    /// Takes out the jobs that have waited too long for a slot.
    pub(super) fn take_overdue(&mut self, now: Instant) -> Vec<Run> {
        let Some(patience) = self.patience else { return Vec::new() };
        self.take_batches(|batch| batch.ripe_at + patience <= now)
    }

    /// Takes out all jobs.
    pub(super) fn take_all(&mut self) -> Vec<Run> {
        self.take_batches(|_| true)
    }

    fn take_batches(&mut self, which: impl Fn(&Gathered) -> bool) -> Vec<Run> {
        let numbers: Vec<u64> = self
            .batches
            .iter()
            .filter(|(_, batch)| which(batch))
            .map(|(number, _)| *number)
            .collect();
        numbers
            .into_iter()
            .filter_map(|number| self.remove(number))
            .flat_map(|it| it.runs)
            .collect()
    }

    /// Drops runs. Whether there were any.
    pub(super) fn drop_runs(&mut self, which: impl Fn(&Run) -> bool) -> bool {
        let mut dropped = false;
        for batch in self.batches.values_mut() {
            let before = batch.runs.len();
            batch.runs.retain(|run| !which(run));
            dropped |= batch.runs.len() < before;
        }
        if dropped {
            // An empty batch would go on waiting.
            self.take_batches(|batch| batch.runs.is_empty());
        }
        dropped
    }
}
