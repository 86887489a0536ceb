//! How long a relay that is waited for goes on without bringing anything.

use std::time::Duration;

use tokio::time::Instant;

use crate::store::EntryId;

/// Longer than the lock of a relay that has died.
const SHORTEST: Duration = Duration::from_secs(6);

/// A measure of what has been brought, which changes when there is more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    Moved(u64),
    Oldest(EntryId),
}

impl From<u64> for Measure {
    fn from(moved: u64) -> Self {
        Self::Moved(moved)
    }
}

impl From<EntryId> for Measure {
    fn from(oldest: EntryId) -> Self {
        Self::Oldest(oldest)
    }
}

/// How long a relay that is waited for goes on without bringing anything.
pub(super) struct Patience {
    last: Option<Measure>,
    since: Instant,
    limit: Duration,
}

impl Patience {
    pub(super) fn new(retry_timeout: Duration) -> Self {
        Self { last: None, since: Instant::now(), limit: retry_timeout }
    }

    /// Whether nothing was brought for too long.
    pub(super) fn is_over(&mut self, measure: impl Into<Measure>) -> bool {
        let measure = measure.into();
        if self.last != Some(measure) {
            (self.last, self.since) = (Some(measure), Instant::now());
        }
        let limit = match measure {
            Measure::Moved(_) => self.limit,
            Measure::Oldest(_) => self.limit.max(SHORTEST),
        };
        self.since.elapsed() >= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_lasts_as_long_as_something_moves() {
        let mut patience = Patience::new(Duration::from_secs(2));
        for moved in 0..3_u64 {
            assert!(!patience.is_over(moved));
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(!patience.is_over(moved));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(patience.is_over(2_u64));
        assert!(!patience.is_over(EntryId::of("1-0")), "a relay that has died is waited for");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(!patience.is_over(EntryId::of("1-0")));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(patience.is_over(EntryId::of("1-0")));
    }
}
