//! Until when a pump surely holds its jobs, by this process's clock.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// Since when Redis has kept a pump's lease, at the latest: an answer says so of the moment at which
/// was asked. A process that stood still finds here that its jobs may be another's by now.
#[derive(Debug)]
pub(crate) struct Hold {
    length: Duration,
    began: Instant,
    /// When was asked what was answered last: ms since `began`, and one more; 0 if nothing was.
    asked: AtomicU64,
}

/// The moment at which something is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked(u64);

impl Hold {
    pub(crate) fn new(length: Duration) -> Self {
        Self { length, began: Instant::now(), asked: AtomicU64::default() }
    }

    /// How long a lease lasts.
    pub(crate) fn length(&self) -> Duration {
        self.length
    }

    pub(crate) fn asks(&self) -> Asked {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Asked(ms.saturating_add(1))
    }

    /// What was asked then was answered as by a server that keeps the lease.
    pub(crate) fn answered(&self, Asked(asked): Asked) {
        self.asked.fetch_max(asked, Ordering::Relaxed);
    }

    /// Whether nobody else can have the pump's jobs.
    pub(crate) fn is_sure(&self) -> bool {
        let (asked, Asked(now)) = (self.asked.load(Ordering::Relaxed), self.asks());
        asked > 0 && Duration::from_millis(now.saturating_sub(asked)) < self.length
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_counts_from_when_was_asked() {
        let hold = Hold::new(Duration::from_secs(5));
        assert!(!hold.is_sure(), "nothing is known yet");
        let asked = hold.asks();
        advance(Duration::from_secs(3)).await;
        let later = hold.asks();
        hold.answered(later);
        hold.answered(asked);
        advance(Duration::from_millis(4_999)).await;
        assert!(hold.is_sure(), "an older answer that comes later takes nothing back");
        advance(Duration::from_millis(1)).await;
        assert!(!hold.is_sure());
    }
}
