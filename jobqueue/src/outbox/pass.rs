//! One pass through an outbox.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, Result},
    store::Retries,
};

/// The pause before the next pass if targets could not be reached.
const PASS_PAUSE: Duration = Duration::from_millis(200);

/// One pass through an outbox, from its head on.
///
/// A target that could not be reached gets nothing more in this pass, so that entries arrive in
/// order. The other targets get theirs, even if many entries wait for that one.
#[derive(Debug)]
pub(super) struct Pass {
    /// The entry after which the pass goes on; none at the head.
    pub(super) after: Option<String>,
    /// Whether an entry has reached all its targets.
    pub(super) has_delivered: bool,
    stuck_at: BTreeSet<String>,
    problem: Option<Error>,
    began: Instant,
}

impl Pass {
    pub(super) fn begin() -> Self {
        Self {
            after: None,
            has_delivered: false,
            stuck_at: BTreeSet::new(),
            problem: None,
            began: Instant::now(),
        }
    }

    /// Notes that a target could not be reached.
    pub(super) fn stuck(&mut self, target: &str, error: Error) {
        self.stuck_at.insert(target.to_owned());
        self.problem.get_or_insert(error);
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.problem.is_some()
    }

    pub(super) fn is_stuck_at(&self, target: &str) -> bool {
        self.stuck_at.contains(target)
    }

    /// The next pass, after a pause: a target that can't be reached may be back by then.
    ///
    /// # Errors
    /// Nothing has arrived until the retries ended.
    pub(super) async fn again(self, retries: &mut Retries) -> Result<Self> {
        match self.problem {
            Some(error) if !self.has_delivered => retries.wait_or(error).await?,
            // Each pass reads the stuck entries again: with many of them, at most half of the time.
            _ if self.after.is_some() => sleep(PASS_PAUSE.max(self.began.elapsed())).await,
            _ => sleep(PASS_PAUSE).await,
        }
        Ok(Self::begin())
    }
}
