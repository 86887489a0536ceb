//! Changing a job's record: read, changed, and written if nobody has changed it meanwhile.

use std::time::Duration;

use super::Queue;
use crate::{
    error::{Operation, Refused, Result},
    job::{JobId, JobInfo, Record},
    store::job,
};

/// How often a change is repeated because another came first.
const TRIES: usize = 20;

/// The longest wait before the first repetition; each one doubles it, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(2);
const LAST_WAIT: Duration = Duration::from_millis(64);

/// Which job is changed, and what for.
pub(super) struct Revision<'a> {
    pub(super) id: &'a JobId,
    /// What can be said after "failed to".
    pub(super) action: &'static str,
    /// Whether the job must not have ended.
    pub(super) only_waiting: bool,
}

impl Queue {
    /// Changes a job's record. `change` makes the new one; none if the job isn't one that is meant.
    pub(super) async fn revise(
        &self,
        revision: Revision<'_>,
        change: impl Fn(&JobInfo) -> Result<Option<Record>>,
    ) -> Result<()> {
        let Revision { id, action, only_waiting } = revision;
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            let missing = || Refused::NotFound { queue: self.name().clone(), id: id.clone() };
            let info = self.info_of(id).await?.ok_or_else(missing)?;
            let new = change(&info)?.ok_or_else(missing)?.encode();
            let old = info.record.encode();
            let edit = job::Edit { id, old: &old, new: &new, only_waiting };
            if self.store().call_retrying(&edit).await? {
                return Ok(());
            }
            // Somebody else has changed it meanwhile, and perhaps many want to.
            tokio::time::sleep(wait.mul_f64(fastrand::f64())).await;
            wait = LAST_WAIT.min(wait * 2);
        }
        let operation = Operation::on_job(action, self.name(), id);
        Err(Refused::Conflict { operation }.into())
    }
}
