//! `jobqueue retry`, `cancel`, `remove` and `redrive`: all jobs that conditions mean.

mod run;
mod task;
mod verb;

use anyhow::Result;
use clap::Args;
use jobqueue::{JobState, Rate};

use self::{task::Task, verb::Verb};
use crate::{
    exit::Exit,
    selection::{Queues, Where},
    session::Session,
    value::rate,
};

/// Options of all that is done to many jobs.
#[derive(Args, Debug)]
struct Many {
    #[command(flatten)]
    queues: Queues,
    #[command(flatten)]
    meant: Where,
    /// No faster than this: `50/s`.
    #[arg(long, value_parser = rate)]
    rate: Option<Rate>,
    /// To so many jobs at most.
    #[arg(long, value_name = "JOBS")]
    limit: Option<u64>,
    /// Only says to how many it would be done.
    #[arg(long)]
    dry_run: bool,
}

/// Runs all jobs again that conditions mean: failed ones, unless states are named.
///
/// It counts them, shows some, and asks. Ctrl-C stops after the step.
#[derive(Args, Debug)]
pub(crate) struct RetryMany {
    #[command(flatten)]
    many: Many,
    /// Also forgets the parts that are recorded of them.
    #[arg(long)]
    anew: bool,
}

/// Cancels all jobs that conditions mean: those that have not ended, unless states are named; of
/// dead-letter queues only where they are named.
///
/// It counts them, shows some, and asks. Ctrl-C stops after the step.
#[derive(Args, Debug)]
pub(crate) struct CancelMany {
    #[command(flatten)]
    many: Many,
    /// Why, for whoever looks at them later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Removes all jobs that conditions mean: any but active ones, unless states are named; of dead-letter
/// queues only where they are named.
///
/// It counts them, shows some, and asks. Ctrl-C stops after the step.
#[derive(Args, Debug)]
pub(crate) struct RemoveMany {
    #[command(flatten)]
    many: Many,
}

/// Sends dead letters back to the queues that they come from: `--queue` names the dead-letter queue, and
/// conditions speak of the jobs that failed.
///
/// It counts them, shows some, and asks. Ctrl-C stops after the step.
#[derive(Args, Debug)]
pub(crate) struct RedriveMany {
    #[command(flatten)]
    many: Many,
}

impl RetryMany {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let task = Task::of_jobs(&self.many, session, Verb::Retry, &[JobState::Failed]).await?;
        let anew = self.anew;
        task.run(|find| if anew { find.retry().anew() } else { find.retry() }).await
    }
}

impl CancelMany {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let states = [JobState::Delayed, JobState::Waiting, JobState::Active];
        let task = Task::of_jobs(&self.many, session, Verb::Cancel, &states).await?;
        let who = session.who().await?;
        task.run(|find| {
            let cancel = find.cancel().by(&who);
            match &self.reason {
                Some(reason) => cancel.reason(reason),
                None => cancel,
            }
        })
        .await
    }
}

impl RemoveMany {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let not_active = JobState::ALL.into_iter().filter(|state| *state != JobState::Active);
        let states: Vec<JobState> = not_active.collect();
        let task = Task::of_jobs(&self.many, session, Verb::Remove, &states).await?;
        task.run(jobqueue::find::Find::remove).await
    }
}

impl RedriveMany {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let task = Task::of_letters(&self.many, session).await?;
        task.run(jobqueue::find::Find::redrive).await
    }
}
