//! What a pump counts of its runs. Every few seconds one call adds the counts to the histograms in
//! Redis and to the history of the queue. So a run costs no call.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::debug;

use super::times::Times;
use crate::{
    error_chain::chain,
    job::{JobName, Transition},
    store::{
        QueueStore,
        worker::{Observe, Observed},
    },
    task::boxed,
    worker::config::MAX_SLEEP,
};

/// How often a pump tells of which there is nothing to tell: so the history knows the depth and the
/// lag of a queue that is idle, paused or stuck.
const IDLE: Duration = Duration::from_secs(60);

/// Counts that Redis has not been told yet.
#[derive(Debug)]
pub(super) struct PendingStats {
    observed: Box<Observed>,
    /// Whether there is anything to tell.
    news: bool,
    began: Instant,
    told: Option<Instant>,
}

impl PendingStats {
    pub(super) fn new() -> Self {
        Self { observed: Box::default(), news: false, began: Instant::now(), told: None }
    }

    /// A job of this name has ended, or a run of it. Its name is `None` if it has no handler here, its
    /// times if that wasn't called.
    pub(super) fn ended(&mut self, name: Option<&JobName>, end: &Transition, times: Option<Times>) {
        let goes_on = matches!(
            end,
            Transition::Released { .. } | Transition::Unstarted { .. } | Transition::Suspended(_)
        );
        if goes_on && times.is_none() {
            return;
        }
        self.news = true;
        let counts = self.observed.of(name);
        match end {
            Transition::Completed { .. } => counts.completed += 1,
            Transition::Failed { .. } => counts.failed += 1,
            Transition::Cancelled { .. } => counts.cancelled += 1,
            Transition::Retried { .. } => counts.retried += 1,
            Transition::Released { .. }
            | Transition::Unstarted { .. }
            | Transition::Suspended(_) => {}
        }
        if let Some(Times { waited, took }) = times {
            counts.run.observe(took);
            if let Some(waited) = waited {
                counts.wait.observe(waited);
            }
        }
    }

    /// Tells Redis, if it is time. Counts of a call that fails are lost: to repeat it might count
    /// twice.
    pub(super) fn flush_if_due(&mut self, store: &QueueStore) {
        if let Some(observed) = self.take_due() {
            tokio::spawn(boxed(tell(store.clone(), observed)));
        }
    }

    /// Tells Redis the rest, at the end.
    pub(super) async fn flush(&mut self, store: &QueueStore, limit: Duration) {
        if self.news {
            let _ = timeout(limit, tell(store.clone(), self.take())).await;
        }
    }

    /// The counts, if it is time. Idle pumps wake as often, so counts never wait much longer.
    fn take_due(&mut self) -> Option<Box<Observed>> {
        let is_due = match self.told {
            None if self.news => true,
            Some(told) if self.news => told.elapsed() >= MAX_SLEEP,
            told => told.unwrap_or(self.began).elapsed() >= IDLE,
        };
        is_due.then(|| self.take())
    }

    fn take(&mut self) -> Box<Observed> {
        self.told = Some(Instant::now());
        self.news = false;
        std::mem::take(&mut self.observed)
    }
}

async fn tell(store: QueueStore, observed: Box<Observed>) {
    if let Err(error) = store.call(&Observe { observed: &observed }).await {
        debug!(queue = %store.name(), error = %chain(&error), "some counts for the queue's histograms are lost");
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::job::Keep;

    fn completed() -> Transition {
        Transition::Completed { keep: Keep::NONE, outcome: Vec::new() }
    }

    fn retried() -> Transition {
        let (tries, error) = (crate::job::Tries::default(), Vec::new());
        Transition::Retried { tries, delay: Duration::ZERO, error }
    }

    const TIMES: Times = Times { waited: None, took: Duration::from_millis(3) };

    #[test]
    fn counts_are_told_at_once_and_then_after_a_while() {
        let mut stats = PendingStats::new();
        assert!(stats.take_due().is_none());
        stats.ended(None, &retried(), Some(TIMES));
        let told = stats.take_due().expect("there are counts").sum();
        assert_eq!((told.run.count(), told.wait.count(), told.retried), (1, 0, 1));
        stats.ended(None, &completed(), Some(TIMES));
        assert!(stats.take_due().is_none(), "too soon");
        let rest = stats.take().sum();
        assert_eq!((rest.run.count(), rest.completed), (1, 1));
        assert!(!stats.news);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pump_with_nothing_to_tell_tells_so_once_a_minute() {
        let mut stats = PendingStats::new();
        advance(IDLE / 2).await;
        assert!(stats.take_due().is_none());
        advance(IDLE / 2).await;
        assert!(stats.take_due().is_some() && stats.take_due().is_none());
        advance(IDLE / 2).await;
        stats.ended(None, &completed(), None);
        assert!(stats.take_due().is_some());
        advance(IDLE / 2).await;
        assert!(stats.take_due().is_none(), "it has told since");
    }

    #[test]
    fn names_are_told_apart() {
        let mut stats = PendingStats::new();
        let (send, bill) = ("send".parse().expect("ok"), "bill".parse().expect("ok"));
        stats.ended(Some(&send), &completed(), Some(TIMES));
        stats.ended(Some(&send), &retried(), Some(TIMES));
        stats.ended(Some(&bill), &completed(), None);
        let mut told = stats.take();
        assert_eq!((told.of(Some(&send)).completed, told.of(Some(&send)).retried), (1, 1));
        assert_eq!((told.of(Some(&bill)).completed, told.of(Some(&bill)).run.count()), (1, 0));
        assert_eq!(*told.of(None), Default::default());
        let released =
            Transition::Released { delay: Duration::ZERO, counts: crate::job::Counts::Nothing };
        stats.ended(Some(&send), &released, None);
        assert!(!stats.news, "a job that never ran and goes back is nothing to tell");
    }
}
