//! Another run is at an effect that is to happen once.

use std::{error::Error as StdError, time::Duration};

use crate::policy::Verdict;

/// Another run is at an effect that is to happen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its claim holds for {left:?} yet, unless it is moved or the effect ends")]
pub struct OnceHeld {
    /// How long its claim holds yet.
    pub left: Duration,
}

/// Bounds of the time after which a job looks again whether the other run has ended.
const SOONEST: Duration = Duration::from_millis(500);
const LATEST: Duration = Duration::from_secs(60);

impl OnceHeld {
    /// Whether that is why there is an error, whatever it is wrapped in.
    pub(super) fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(*found);
            }
            next = error.source();
        }
        None
    }

    /// Back, until the other's claim runs out.
    pub(crate) fn verdict(self) -> Verdict {
        Verdict::Snooze(self.left.clamp(SOONEST, LATEST))
    }
}
