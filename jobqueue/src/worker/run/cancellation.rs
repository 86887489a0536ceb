//! Telling a run to stop.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering, fence},
};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{job::CancelReason, store::millis};

/// The pump's side and the run's side of one cancellation. Cheap to clone: all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancellation(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    /// Set before the run is cancelled if the reason is that the lease was lost.
    lost: AtomicBool,
    /// Set before the run is cancelled if the reason is that its job was. In a box, since it is
    /// rare.
    requested: OnceLock<Box<CancelReason>>,
    /// How long it may take then to end by itself, in ms.
    grace: AtomicU64,
    /// Made when it is first used, since most handlers never do.
    token: OnceLock<CancellationToken>,
}

impl Cancellation {
    /// Tells the run to stop.
    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        // Pairs with the one in `token`: one of the two sees what the other has written.
        fence(Ordering::SeqCst);
        if let Some(token) = self.0.token.get() {
            token.cancel();
        }
    }

    /// Tells the run that its lease was lost, and to stop.
    pub(crate) fn lose(&self) {
        self.0.lost.store(true, Ordering::Release);
        self.cancel();
    }

    /// How long the run may take to end by itself once its job is cancelled.
    pub(crate) fn set_grace(&self, grace: Duration) {
        self.0.grace.store(millis(grace), Ordering::Relaxed);
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.0.grace.load(Ordering::Relaxed))
    }

    /// Tells the run that its job was cancelled, and to stop.
    pub(crate) fn request(&self, reason: &CancelReason) {
        self.0.requested.get_or_init(|| Box::new(reason.clone()));
        self.cancel();
    }

    /// By whom its job was cancelled and why, if it was.
    pub(crate) fn requested(&self) -> Option<&CancelReason> {
        self.0.requested.get().map(Box::as_ref)
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Acquire)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// Fires when the run should stop.
    pub(crate) fn token(&self) -> &CancellationToken {
        let token = self.0.token.get_or_init(CancellationToken::new);
        // It may have been cancelled before there was a token to fire.
        fence(Ordering::SeqCst);
        if self.is_cancelled() {
            token.cancel();
        }
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fires_whenever_it_was_made() {
        let (early, late) = (Cancellation::default(), Cancellation::default());
        let token = early.token().clone();
        early.cancel();
        late.lose();
        assert!(token.is_cancelled() && late.token().is_cancelled());
        assert!(late.is_lost() && !early.is_lost());
    }
}
