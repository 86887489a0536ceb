//! What time it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

/// What time it is: the system's, or one that a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    /// Microseconds since the epoch.
    Manual(Arc<AtomicU64>),
    Tokio {
        epoch: u64,
        start: Instant,
        /// By how many µs it has jumped.
        jumped: Arc<AtomicI64>,
    },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at this time, in ms since the epoch, until it is
    /// [moved](Self::advance). All its clones are one.
    #[must_use]
    pub fn standing_at(ms: u64) -> Self {
        Self(Kind::Manual(Arc::new(AtomicU64::new(ms.saturating_mul(1000)))))
    }

    /// A clock that is now at this time, in ms since the epoch, and goes on as tokio's does: so
    /// `tokio::time::pause` and `advance` move it too.
    #[must_use]
    pub fn tokio_from(ms: u64) -> Self {
        let (epoch, start) = (ms.saturating_mul(1000), Instant::now());
        Self(Kind::Tokio { epoch, start, jumped: Arc::default() })
    }

    /// Lets a clock that goes as tokio's does jump by so many ms, forwards or backwards, as one does
    /// that is set anew. Others don't.
    pub fn jump(&self, ms: i64) {
        if let Kind::Tokio { jumped, .. } = &self.0 {
            jumped.fetch_add(ms.saturating_mul(1000), Ordering::Relaxed);
        }
    }

    /// Moves a clock that stands. Others go by themselves.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(now) = &self.0 {
            now.fetch_add(micros(by), Ordering::Relaxed);
        }
    }

    /// Microseconds since the epoch.
    pub(crate) fn micros(&self) -> u64 {
        match &self.0 {
            Kind::System => {
                micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
            }
            Kind::Manual(now) => now.load(Ordering::Relaxed),
            Kind::Tokio { epoch, start, jumped } => epoch
                .saturating_add(micros(start.elapsed()))
                .saturating_add_signed(jumped.load(Ordering::Relaxed)),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_stands_until_it_is_moved() {
        let clock = Clock::standing_at(5);
        let clone = clock.clone();
        clock.advance(Duration::from_micros(7));
        assert_eq!((clock.micros(), clone.micros()), (5_007, 5_007));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_goes_as_tokios_does() {
        let clock = Clock::tokio_from(5);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(clock.micros(), 3_600_005_000);
        clock.clone().jump(-3_600_000);
        assert_eq!(clock.micros(), 5_000);
    }
}
