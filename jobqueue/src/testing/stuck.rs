//! Waits that nobody will end: a test is told, and doesn't hang.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::sleep;

use super::stage::{Mode, Stage};
use crate::{
    client::Client,
    clock,
    error::Result,
    job::{JobId, JobState, QueueName},
    value_error::Invalid,
};

/// For how long a test waits though nothing runs. In the test's own time, which takes a moment.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The same on a real Redis, where it is real time.
const LONGEST_REAL: Duration = Duration::from_secs(60);

impl Stage {
    /// Waits until it is plain that this job doesn't end by itself: it isn't run, its queue has no
    /// worker that could, and the test does nothing about it.
    pub(super) async fn stuck(&self, client: &Client, queue: &QueueName, id: &JobId) -> Result<()> {
        let longest = if clock::is_virtual() { LONGEST } else { LONGEST_REAL };
        let handle = client.queue(queue)?.job(id.clone());
        loop {
            let before = self.drives.idle_since();
            sleep(longest).await;
            if before.is_none() || self.drives.idle_since() != before {
                continue;
            }
            let state = match handle.state().await? {
                Some(
                    state @ (JobState::Waiting | JobState::Delayed | JobState::WaitingChildren),
                ) => state,
                _ => continue,
            };
            // That of a test between two drives fetches nothing.
            let own = i64::from(self.drives.rests.load(Ordering::Relaxed));
            let workers = client.store().queue(queue).live_workers(clock::now()).await?;
            if workers > own {
                continue;
            }
            return Err(self.nobody_runs(queue, id, state).into());
        }
    }

    fn nobody_runs(&self, queue: &QueueName, id: &JobId, state: JobState) -> Invalid {
        let problem = format!("job {id} in queue {queue} is {state}, and nothing runs it");
        let advice = match self.mode() {
            Mode::Manual => {
                "nothing runs until `run_until_idle` or `advance`: call it before the wait"
            }
            Mode::Inline => "what isn't due runs in `advance`: call it before the wait",
            Mode::Live => "the test's worker has no handler of this queue: add it",
        };
        Invalid::setup(problem, advice)
    }
}
