//! Another run has claimed the key of an effect that is to happen once.

use std::{error::Error as StdError, time::Duration};

use crate::{error_chain::sources, policy::Verdict};

/// Another run has claimed the key of an effect that is to happen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim ends in {left:?}, unless that run renews it or finishes first")]
pub struct OnceHeld {
    /// How long its claim still holds.
    pub left: Duration,
}

/// Bounds of the time after which a job looks again whether the other run has ended.
const SOONEST: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_secs(60);

impl OnceHeld {
    /// Looks for it in an error and its sources.
    pub(super) fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut chain = std::iter::once(error).chain(sources(error));
        chain.find_map(|error| error.downcast_ref()).copied()
    }

    /// Back, until the other's claim runs out.
    pub(crate) fn verdict(self) -> Verdict {
        Verdict::Snooze(self.left.clamp(SOONEST, LATEST))
    }
}
