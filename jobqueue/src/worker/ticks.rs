//! When the first schedule of a queue is due, from the pump that hears of it to the ticker.

use tokio::{sync::watch, time::Instant};

use crate::job::WorkerId;

/// The name under which a client's workers and receives look after schedules: one that runs again goes on where
/// the last one was.
#[derive(Debug)]
pub(crate) struct TickerName(WorkerId);

impl Default for TickerName {
    fn default() -> Self {
        Self(WorkerId::generate())
    }
}

impl TickerName {
    pub(crate) fn name(&self) -> &WorkerId {
        &self.0
    }
}

/// When the first schedule of a queue is due, as a call has answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// In ms since the epoch.
    pub(super) tick: Option<i64>,
    /// The server's clock, and when it said so.
    pub(super) now: i64,
    pub(super) at: Instant,
}

/// Tells a ticker when the first schedule of its queue is due.
#[derive(Clone, Debug)]
pub(super) struct TellTicks(watch::Sender<Option<Told>>);

impl TellTicks {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// What is told, as it changes.
    pub(super) fn follow(&self) -> watch::Receiver<Option<Told>> {
        self.0.subscribe()
    }

    /// A call has answered this, at this time of the server's.
    pub(super) fn tell(&self, tick: Option<i64>, now: u64) {
        // Most queues have no schedules, and of the others most ticks are known.
        if self.0.borrow().and_then(|before| before.tick) == tick {
            return;
        }
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        self.0.send_replace(Some(Told { tick, now, at: Instant::now() }));
    }
}
