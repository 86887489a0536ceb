//! A ticker: it sleeps until a schedule of its queue is due, and fires it.

use std::{collections::HashSet, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::{debug, warn};

use crate::{
    error::Error,
    error_chain::chain,
    job::{ScheduleId, WorkerId},
    outbox::Relays,
    schedule::{Pass, fire_due},
    store::QueueStore,
    value_error::Corrupt,
    worker::{pump::PumpConfig, telemetry::Telemetry, ticks::Told},
};

/// How often it looks at least: its pump may have no free slot, make no call, and so hear of no new
/// schedule.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// How soon it looks again for ticks that are held back, or after an error.
const SOON: Duration = Duration::from_secs(1);

/// How soon it looks again while a schedule is due that it can't read.
const UNREAD: Duration = Duration::from_secs(5);

/// How many schedules that it can't read it remembers, so that it says each once.
const REMEMBERED: usize = 1_000;

/// Looks after the ticks of one queue.
pub(super) struct Ticker {
    store: QueueStore,
    /// Under which it looks after them.
    name: WorkerId,
    telemetry: Telemetry,
    relays: Relays,
    told: watch::Receiver<Option<Told>>,
    /// The first tick that it knows of, in ms since the epoch.
    known: Option<i64>,
    look_at: Instant,
    /// Schedules that it could not read, and has said so.
    unread: HashSet<ScheduleId>,
    /// Whether the last look failed.
    fails: bool,
}

impl Ticker {
    pub(super) fn new(config: &PumpConfig) -> Self {
        Self {
            store: config.store.clone(),
            name: config.ticker.clone(),
            telemetry: config.telemetry.clone(),
            relays: config.client.relays().clone(),
            told: config.ticks.follow(),
            known: None,
            look_at: Instant::now() + LONGEST_SLEEP,
            unread: HashSet::new(),
            fails: false,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                changed = self.told.changed() => match changed {
                    Ok(()) => self.hear(),
                    // The pump has gone.
                    Err(_) => return,
                },
                () = sleep_until(self.look_at) => self.look().await,
            }
        }
    }

    /// The pump has heard when the first schedule is due.
    fn hear(&mut self) {
        let Some(told) = *self.told.borrow_and_update() else { return };
        if told.tick == self.known {
            return;
        }
        self.known = told.tick;
        if let Some(tick) = told.tick {
            self.look_at = self.look_at.min(told.at + between(told.now, tick));
        }
    }

    async fn look(&mut self) {
        match fire_due(&self.store, &self.name).await {
            Ok(pass) => self.looked(pass),
            Err(error) => self.failed(&error),
        }
    }

    fn looked(&mut self, pass: Pass) {
        if pass.has_effects {
            self.relays.start(self.store.name());
        }
        self.fails = false;
        let now = Instant::now();
        let later = pass.later.map_or(LONGEST_SLEEP, |later| between(pass.now, later));
        let mut sleep = later.min(LONGEST_SLEEP);
        if let Some(held) = pass.held {
            // Spread, so that not all look at once if the one that has it died.
            sleep = held.saturating_add(SOON.mul_f64(fastrand::f64() / 2.0)).min(LONGEST_SLEEP);
        }
        if !pass.unread.is_empty() {
            sleep = sleep.min(UNREAD);
        }
        if let Some(wait) = pass.look_again() {
            sleep = sleep.min(wait);
        }
        self.known = pass.later;
        self.look_at = now + sleep;
        pass.unread.into_iter().for_each(|(id, problem)| self.leave(&id, &problem));
    }

    /// Leaves a schedule to workers that can read it, and says so once.
    fn leave(&mut self, id: &ScheduleId, problem: &Corrupt) {
        if self.unread.len() < REMEMBERED && self.unread.insert(id.clone()) {
            self.telemetry.schedule_unread(self.store.name(), id, problem);
        }
    }

    fn failed(&mut self, error: &Error) {
        self.look_at = Instant::now() + SOON;
        let (queue, error) = (self.store.name(), chain(error));
        // The pump says that Redis is away.
        if std::mem::replace(&mut self.fails, true) {
            debug!(%queue, %error, "schedules could not be looked after");
        } else {
            warn!(%queue, %error, "schedules could not be looked after; trying again");
        }
    }
}

/// From one moment of the server's until another, in ms since the epoch.
fn between(now: i64, later: i64) -> Duration {
    let ms = u64::try_from(later.saturating_sub(now)).unwrap_or(0);
    Duration::from_millis(ms).min(LONGEST_SLEEP)
}
