//! Waiting between the tries of a call.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

/// The first wait before a call is tried again, and the longest.
const FIRST_RETRY: Duration = Duration::from_millis(20);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// Waits between tries: longer each time, with jitter, until the deadline.
pub(crate) struct Retries {
    deadline: Option<Instant>,
    next: Duration,
}

impl Retries {
    pub(crate) fn within(retry_timeout: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(retry_timeout), next: FIRST_RETRY }
    }

    pub(crate) fn until(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), next: FIRST_RETRY }
    }

    /// Waits that never end, for a worker.
    pub(crate) fn endless() -> Self {
        Self { deadline: None, next: FIRST_RETRY }
    }

    /// Waits before the next try, or gives the error back if there is no time for one.
    pub(crate) async fn wait_or(&mut self, error: Error) -> Result<()> {
        let pause = self.next.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.next = (self.next * 2).min(LAST_RETRY);
        if self.deadline.is_some_and(|deadline| Instant::now() + pause > deadline) {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
