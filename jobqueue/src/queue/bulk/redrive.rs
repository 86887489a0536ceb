//! Sending all dead letters back whose jobs a filter means.

use super::{Act, Acted, Bulk, awaited};
use crate::{
    error::Result,
    job::{JobInfo, JobState},
    queue::{DeadLetters, Find, Queue},
};

/// What [`Find::redrive`] does.
#[derive(Clone, Debug, Default)]
pub struct RedriveJobs;

impl Find {
    /// Sends all dead letters back whose jobs the filter means, as [`DeadLetters::redrive`] does:
    /// those that wait. The filter speaks of the jobs that failed, as [`DeadLetters::find`] says.
    /// Set options, then await it.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, dead_letter::DeadLetters};
    /// # async fn example(dead: DeadLetters) -> jobqueue::Result<()> {
    /// let outage = JobFilter::new().name("charge").error_contains("gateway");
    /// let report = dead.find(outage).redrive().await?;
    /// println!("{} go back, {} stay", report.done, report.refused);
    /// # Ok(())
    /// # }
    /// ```
    pub fn redrive<'a>(self) -> Bulk<'a, RedriveJobs> {
        Bulk::new(self.into_seek(), RedriveJobs)
    }
}

impl Act for RedriveJobs {
    const NAME: &'static str = "redrive";
    const AUDITED: &'static str = "redrive_where";
    const STATES: &'static [JobState] = &[JobState::Waiting];

    fn check(&self, _queue: &Queue) -> Result<()> {
        Ok(())
    }

    async fn act(&self, queue: &Queue, jobs: Vec<JobInfo>, from: &[JobState]) -> Result<Acted> {
        let sent = DeadLetters::of(queue).send_jobs(&jobs, from).await?;
        let mut acted = Acted { done: sent.count, refused: Vec::new() };
        for (letter, stay) in sent.kept {
            let refused = stay.refused("redrive a dead letter", queue.name(), &letter.id);
            acted.count(letter.id, Err::<(), _>(refused));
        }
        Ok(acted)
    }
}

awaited!(RedriveJobs);
