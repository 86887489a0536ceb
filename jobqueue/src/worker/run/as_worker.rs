//! Calls of a run that its worker alone may make.

use std::time::Duration;

use tokio::time::timeout;

use super::context::Context;
use crate::{
    error::{Error, Result},
    job::WorkerId,
};

/// How long a pump that has lost its name has to join under another, which keeps its jobs.
const RENAMED: Duration = Duration::from_secs(5);

/// Makes a call under the name of the run's worker; again if that has another name by now, or soon: it
/// has broken off a call, and joins anew.
pub(crate) async fn as_worker<R, F>(ctx: &Context, call: impl Fn(WorkerId) -> F) -> Result<R>
where
    F: Future<Output = Result<R>>,
{
    let mut names = ctx.shared().ok_or(Error::Closed)?.worker.clone();
    loop {
        let name = names.borrow_and_update().clone();
        let answer = call(name).await;
        let lost = answer.as_ref().is_err_and(Error::is_lease_lost);
        if !lost || ctx.is_lost() || !matches!(timeout(RENAMED, names.changed()).await, Ok(Ok(())))
        {
            return answer;
        }
    }
}
