//! Waiting between the tries of a call.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, Result};

/// The first wait before a call is tried again, and the longest.
const FIRST_RETRY: Duration = Duration::from_millis(20);
const LAST_RETRY: Duration = Duration::from_secs(1);

/// Waits between tries: longer each time, with jitter, until the deadline.
pub(crate) struct Retries {
    deadline: Option<Instant>,
    next: Duration,
    /// Why the last try failed.
    last: Option<Error>,
}

impl Retries {
    pub(crate) fn within(retry_timeout: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(retry_timeout), ..Self::endless() }
    }

    pub(crate) fn until(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..Self::endless() }
    }

    /// Waits that never end, for a worker.
    pub(crate) fn endless() -> Self {
        Self { deadline: None, next: FIRST_RETRY, last: None }
    }

    /// One try. The first may take as long as any call; the others end at the deadline, with the
    /// error of the try before.
    pub(crate) async fn attempt<T>(&mut self, call: impl Future<Output = Result<T>>) -> Result<T> {
        match (&self.last, self.deadline) {
            (Some(last), Some(deadline)) => {
                timeout_at(deadline, call).await.unwrap_or_else(|_| Err(last.clone()))
            }
            _ => call.await,
        }
    }

    /// Waits before the next try, or gives the error back if there is no time for one.
    pub(crate) async fn wait_or(&mut self, error: Error) -> Result<()> {
        let pause = self.next.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.next = (self.next * 2).min(LAST_RETRY);
        if self.deadline.is_some_and(|deadline| Instant::now() + pause > deadline) {
            return Err(error);
        }
        self.last = Some(error);
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;
    use crate::error::Operation;

    fn unavailable() -> Error {
        Error::unavailable(Operation::new("test"), "it hangs")
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_hangs_ends_at_the_deadline_with_the_last_error() {
        let began = Instant::now();
        let mut retries = Retries::within(Duration::from_secs(3));
        // The first has the limits of any call, whatever the patience.
        let first = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Err::<(), Error>(unavailable())
        };
        let error = retries.attempt(first).await.expect_err("it failed");
        retries.wait_or(error).await.expect("there is time for another");
        let ended = retries.attempt(pending::<Result<()>>()).await;
        assert!(matches!(ended, Err(Error::Unavailable { .. })));
        assert_eq!(began.elapsed().as_secs(), 3);
        retries.wait_or(unavailable()).await.expect_err("the time is over");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_deadline_a_try_is_left_alone() {
        let mut retries = Retries::endless();
        retries.wait_or(unavailable()).await.expect("there is always time");
        retries.attempt(ready(Ok(()))).await.expect("it is done");
    }
}
