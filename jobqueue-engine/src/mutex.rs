//! Locking where a panic breaks nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nothing here has an invariant that a panic could break half-way: a call's changes stay, as those
/// of a script that fails do.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
