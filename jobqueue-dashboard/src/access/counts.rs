//! How often somebody did something within a minute, for what has a bound.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long what was counted counts.
const WINDOW: Duration = Duration::from_secs(60);

/// A count for each of those who were counted within the last minute, and for so many at most. Beyond,
/// those whose time is over go, or else all.
#[derive(Debug)]
pub(crate) struct Counts<K> {
    most: usize,
    of_each: Mutex<HashMap<K, (Instant, u32)>>,
}

impl<K: Eq + Hash> Counts<K> {
    pub(crate) fn of_at_most(most: usize) -> Self {
        Self { most, of_each: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (Instant, u32)>> {
        self.of_each.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one. Its number within the time.
    pub(crate) fn count(&self, whose: K) -> u32 {
        let mut counts = self.lock();
        if counts.len() >= self.most {
            counts.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        if counts.len() >= self.most {
            counts.clear();
        }
        let entry = counts.entry(whose).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
        entry.1
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.lock().len()
    }

    /// How often, and how long that still counts.
    pub(crate) fn of(&self, whose: &K) -> Option<(u32, Duration)> {
        let (since, count) = *self.lock().get(whose)?;
        Some((count, WINDOW.checked_sub(since.elapsed())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_count_and_not_too_many_are_remembered() {
        let counts = Counts::of_at_most(1_000);
        assert_eq!([(); 3].map(|()| counts.count(-1)), [1, 2, 3]);
        assert_eq!(counts.count(-2), 1);
        assert!(counts.of(&-1).is_some_and(|(count, left)| count == 3 && left <= WINDOW));
        assert_eq!(counts.of(&-3), None);
        for n in 0..3_000 {
            counts.count(n);
        }
        assert!(counts.remembered() <= 1_000);
    }
}
