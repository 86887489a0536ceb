//! What time it is. A test may have a time of its own, which stands still or jumps.

use chrono::{DateTime, Utc};

/// The time for records and ids.
pub(crate) fn now() -> DateTime<Utc> {
    #[cfg(feature = "testing")]
    if let Some(time) = virtual_time::now() {
        return time;
    }
    Utc::now()
}

#[cfg(feature = "testing")]
pub(crate) mod virtual_time {
    use std::cell::Cell;

    use chrono::{DateTime, TimeDelta, Utc};
    use tokio::time::Instant;

    /// When a test began, on two clocks: from there on, its time goes as tokio's does, which stands
    /// still while it is paused.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Epoch {
        time: DateTime<Utc>,
        start: Instant,
    }

    thread_local! {
        static EPOCH: Cell<Option<Epoch>> = const { Cell::new(None) };
        /// Counts the tests of this thread.
        static TEST: Cell<u64> = const { Cell::new(1) };
    }

    impl Epoch {
        pub(crate) fn starting_at(time: DateTime<Utc>) -> Self {
            Self { time, start: Instant::now() }
        }

        /// A clock that is ahead of this one by so much, or behind it.
        #[cfg(feature = "internals")]
        pub(crate) fn moved(self, by: TimeDelta) -> Self {
            let time = self.time.checked_add_signed(by).unwrap_or(self.time);
            Self { time, ..self }
        }

        /// From now on, this is the time of this thread.
        pub(crate) fn enter(self) {
            EPOCH.set(Some(self));
        }

        pub(crate) fn now(self) -> DateTime<Utc> {
            let since = TimeDelta::from_std(self.start.elapsed()).unwrap_or(TimeDelta::MAX);
            self.time.checked_add_signed(since).unwrap_or(DateTime::<Utc>::MAX_UTC)
        }
    }

    /// This thread has the system's time again.
    pub(crate) fn leave() {
        EPOCH.set(None);
        TEST.set(TEST.get() + 1);
    }

    /// Which test of this thread it is, if it has a time of its own.
    pub(crate) fn number() -> Option<u64> {
        EPOCH.get().map(|_| TEST.get())
    }

    pub(super) fn now() -> Option<DateTime<Utc>> {
        EPOCH.get().map(Epoch::now)
    }

    /// Whether this thread's time isn't the system's.
    pub(crate) fn is_on() -> bool {
        EPOCH.get().is_some()
    }
}

/// Whether a test moves the time: then nothing may wait for the system's.
pub(crate) fn is_virtual() -> bool {
    #[cfg(feature = "testing")]
    return virtual_time::is_on();
    #[cfg(not(feature = "testing"))]
    false
}
