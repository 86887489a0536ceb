//! Settling single jobs.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    job::{JobState, Settlement, Transition, WorkerId},
    queue::Queue,
    store::{Retries, chunks, worker::Settle},
};

/// Settles jobs that a receive has, in as many calls as they need.
pub(super) async fn settle(
    queue: &Queue,
    receive: &WorkerId,
    settlements: &[Settlement],
    throttle: Duration,
) -> Result<()> {
    for settlements in chunks(settlements, Settlement::size) {
        let effects = call(queue, &Settle { receive, throttle, settlements }).await?;
        if effects {
            queue.client().relays().start(queue.name());
        }
    }
    Ok(())
}

/// Calls until an answer comes. The job's state tells whether a call was carried out whose answer
/// was lost.
async fn call(queue: &Queue, settle: &Settle<'_>) -> Result<bool> {
    let store = queue.store();
    let (mut retries, mut again) = (Retries::within(store.retry_timeout()), false);
    loop {
        match retries.attempt(store.call(settle)).await {
            Err(error @ Error::Unavailable { .. }) => {
                retries.wait_or(error).await?;
                again = true;
            }
            Err(error) if again && error.is_lease_lost() => {
                return match settle.settlements {
                    [one] if is_done(queue, one).await? => Ok(true),
                    _ => Err(error),
                };
            }
            answer => return answer,
        }
    }
}

/// Whether a job is where its settlement would have put it.
async fn is_done(queue: &Queue, settlement: &Settlement) -> Result<bool> {
    let state = queue.info_of(&settlement.id).await?.map(|info| info.state);
    Ok(fits(&settlement.end, state))
}

fn fits(end: &Transition, state: Option<JobState>) -> bool {
    match end {
        Transition::Completed { .. } => matches!(state, None | Some(JobState::Completed)),
        // Without a result, one that was cancelled meanwhile has ended so.
        _ if state == Some(JobState::Cancelled) => true,
        Transition::Failed { .. } => matches!(state, None | Some(JobState::Failed)),
        Transition::Retried { .. }
        | Transition::Released { .. }
        | Transition::Suspended(_)
        | Transition::Unstarted { .. } => {
            matches!(state, Some(JobState::Waiting | JobState::Delayed))
        }
        Transition::Cancelled { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::job::{Counts, Keep};

    #[test]
    fn a_state_tells_whether_the_settlement_was_carried_out() {
        let completed = Transition::Completed { keep: Keep::NONE, outcome: Vec::new() };
        let released = Transition::Released { delay: Duration::ZERO, counts: Counts::Nothing };
        for (end, state, expected) in [
            (&completed, None, true),
            (&completed, Some(JobState::Completed), true),
            (&completed, Some(JobState::Waiting), false),
            (&completed, Some(JobState::Active), false),
            (&released, Some(JobState::Waiting), true),
            (&released, Some(JobState::Delayed), true),
            (&released, Some(JobState::Active), false),
            (&released, None, false),
        ] {
            assert_eq!(fits(end, state), expected, "{end:?} {state:?}");
        }
    }
}
