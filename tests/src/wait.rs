//! Waiting for conditions, not for time.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a condition may take. Long, since it costs nothing unless a test is about to fail.
pub const LIMIT: Duration = Duration::from_secs(20);

/// How long a job that can start may take to: below the time after which a worker looks by itself,
/// which would hide a lost wake-up.
pub const START: Duration = Duration::from_secs(2);

/// How long to wait before looking again.
const STEP: Duration = Duration::from_millis(5);

/// The answer of a condition: `bool`, or `Option` where it returns a value.
pub trait Look {
    /// The value once the condition holds.
    type Found;

    /// That, or `None` if it doesn't hold yet.
    fn found(self) -> Option<Self::Found>;
}

impl Look for bool {
    type Found = ();

    fn found(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Look for Option<T> {
    type Found = T;

    fn found(self) -> Option<T> {
        self
    }
}

/// Checks again and again until the condition holds. `what` completes "waited … for".
///
/// # Panics
/// It doesn't hold within [`LIMIT`].
pub async fn eventually<L: Look>(what: &str, look: impl AsyncFnMut() -> L) -> L::Found {
    eventually_within(LIMIT, what, look).await
}

/// [`eventually`], for what a worker does at once: within [`START`].
///
/// # Panics
/// It doesn't hold within that.
pub async fn at_once<L: Look>(what: &str, look: impl AsyncFnMut() -> L) -> L::Found {
    eventually_within(START, what, look).await
}

/// [`eventually`], with a limit of its own.
///
/// # Panics
/// The condition doesn't hold within `limit`.
pub async fn eventually_within<L: Look>(
    limit: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> L,
) -> L::Found {
    let began = Instant::now();
    loop {
        // A look that hangs must not hang the test.
        let left = limit.saturating_sub(began.elapsed()).max(STEP);
        match tokio::time::timeout(left, look()).await {
            Ok(look) => {
                if let Some(found) = look.found() {
                    return found;
                }
            }
            Err(_) => panic!("waited {limit:?} for {what}, and the last look didn't come back"),
        }
        assert!(began.elapsed() < limit, "waited {limit:?} for {what}");
        tokio::time::sleep(STEP).await;
    }
}

/// [`eventually`] for code that isn't asynchronous; it blocks the thread.
///
/// # Panics
/// The condition doesn't hold within [`LIMIT`].
pub fn blocking<L: Look>(what: &str, mut look: impl FnMut() -> L) -> L::Found {
    let began = Instant::now();
    loop {
        if let Some(found) = look().found() {
            return found;
        }
        assert!(began.elapsed() < LIMIT, "waited {LIMIT:?} for {what}");
        thread::sleep(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn brings_back_what_it_found() {
        let mut looks = 0;
        let found = eventually("the third look", async || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(found.await, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "waited 30ms for rain")]
    async fn says_what_it_waited_for() {
        eventually_within(SHORT, "rain", async || false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "the last look didn't come back")]
    async fn a_check_that_hangs_is_given_up() {
        eventually_within(SHORT, "ever", async || std::future::pending::<bool>().await).await;
    }
}
