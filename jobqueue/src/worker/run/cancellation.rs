//! Telling a run to stop.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering, fence},
};

use tokio_util::sync::CancellationToken;

/// The pump's side and the run's side of one cancellation. Cheap to clone: all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancellation(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    /// Set before the run is cancelled if the reason is that the lease was lost.
    lost: AtomicBool,
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
