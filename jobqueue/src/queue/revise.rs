//! Changing a job's record: read, changed, and written if nobody has changed it meanwhile.

use super::Queue;
use crate::{
    error::{Error, Operation, Refused, Result},
    job::{JobId, JobInfo, Record},
    store::job,
};

/// How often a change is repeated because another came first.
const TRIES: usize = 5;

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
        for _ in 0..TRIES {
            let missing = || Refused::NotFound { queue: self.name().clone(), id: id.clone() };
            let info = self.info_of(id).await?.ok_or_else(missing)?;
            let new = change(&info)?.ok_or_else(missing)?.encode();
            let old = info.record.encode();
            let edit = job::Edit { id, old: &old, new: &new, only_waiting };
            if self.store().call_retrying(&edit).await? {
                return Ok(());
            }
            // Somebody else has changed it meanwhile.
        }
        let operation = Operation::on_job(action, self.name(), id);
        Err(Error::unavailable(operation, "others edit it at the same time"))
    }
}
