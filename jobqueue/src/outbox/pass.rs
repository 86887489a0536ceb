//! One way through an outbox.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, Result},
    store::Retries,
};

/// The pause before the next pass if some targets could not be reached.
const BREATH: Duration = Duration::from_millis(200);

/// One way through an outbox, from its head on.
///
/// A target that could not be reached gets nothing more in this pass: nothing may arrive before what came
/// before it. The others do, however much waits for that one.
#[derive(Debug)]
pub(crate) struct Pass {
    /// The entry behind which it goes on; at the head if there is none.
    pub(crate) after: Option<String>,
    /// Whether all targets of an entry had it.
    pub(crate) has_delivered: bool,
    stuck_at: BTreeSet<String>,
    problem: Option<Error>,
    began: Instant,
}

impl Pass {
    pub(crate) fn begin() -> Self {
        Self {
            after: None,
            has_delivered: false,
            stuck_at: BTreeSet::new(),
            problem: None,
            began: Instant::now(),
        }
    }

    /// Notes that a target could not be reached.
    pub(crate) fn stuck(&mut self, target: &str, error: Error) {
        self.stuck_at.insert(target.to_owned());
        self.problem.get_or_insert(error);
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.problem.is_some()
    }

    pub(crate) fn is_stuck_at(&self, target: &str) -> bool {
        self.stuck_at.contains(target)
    }

    /// The next one, after a pause: who can't be reached may be back by then.
    ///
    /// # Errors
    /// Nothing has arrived for as long as may be.
    pub(crate) async fn again(self, retries: &mut Retries) -> Result<Self> {
        match self.problem {
            Some(error) if !self.has_delivered => retries.wait_or(error).await?,
            // What is stuck is read again in every pass: at most half of the time, if there is much.
            _ if self.after.is_some() => sleep(BREATH.max(self.began.elapsed())).await,
            _ => sleep(BREATH).await,
        }
        Ok(Self::begin())
    }
}
