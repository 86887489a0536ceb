//! `jobqueue jobs`: the jobs of a queue.

use anyhow::Result;
use clap::{Args, value_parser};
use jobqueue::{JobInfo, JobState, Queue, find::JobFilter};

use super::job_lines;
use crate::{exit::Exit, output::grouped, selection::Meant, session::Session};

/// Lists the jobs of a queue, state by state, or those that conditions mean.
#[derive(Args, Debug)]
pub(crate) struct Jobs {
    /// The queue.
    queue: String,
    #[command(flatten)]
    meant: Meant,
    /// Of this state, such as `failed`. May be given more than once.
    #[arg(long, value_name = "STATE")]
    state: Vec<JobState>,
    /// At most so many of each state.
    #[arg(long, short = 'n', value_name = "JOBS", default_value_t = 20,
          value_parser = value_parser!(u64).range(1..))]
    limit: u64,
    /// Leaves out the first ones.
    #[arg(long, value_name = "JOBS", default_value_t = 0)]
    skip: u64,
    /// From the other end: those that go last, or that ended first.
    #[arg(long)]
    reverse: bool,
}

impl Jobs {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let filter = self.meant.filter()?;
        let queue = session.known_queue(&self.queue).await?;
        let states = match self.state.as_slice() {
            [] => &JobState::ALL,
            states => states,
        };
        let mut all = Vec::new();
        for state in states {
            let jobs = self.read(&queue, *state, &filter).await?;
            if !jobs.is_empty() && !session.out.json {
                show(session, &queue, *state, &jobs).await?;
            }
            all.extend(jobs);
        }
        if session.out.json {
            session.out.json(&all)?;
        } else if all.is_empty() {
            session.out.remark(format_args!("No such job in {}.", queue.name()));
        }
        Ok(if all.is_empty() && self.meant.asks() { Exit::Trouble } else { Exit::Done })
    }

    async fn read(
        &self,
        queue: &Queue,
        state: JobState,
        filter: &JobFilter,
    ) -> Result<Vec<JobInfo>> {
        if !self.meant.asks() {
            let pages = queue.jobs(state);
            // What ended is told from the newest on.
            let newest_first = state.is_final() != self.reverse;
            let pages = if newest_first { pages.newest_first() } else { pages };
            return Ok(pages.page(self.skip, self.limit).await?);
        }
        let meant = JobFilter::new().state(state).and(filter.clone());
        let (mut found, mut jobs) = (queue.find(meant), Vec::new());
        let most = self.skip.saturating_add(self.limit);
        let mut seen = 0;
        while seen < most
            && let Some(job) = found.next().await
        {
            let job = job?;
            if seen >= self.skip {
                jobs.push(job);
            }
            seen += 1;
        }
        Ok(jobs)
    }
}

async fn show(session: &Session, queue: &Queue, state: JobState, jobs: &[JobInfo]) -> Result<()> {
    let out = &session.out;
    let total = queue.counts().await?.of(state);
    out.say(format_args!("{}  {} of {}", out.state(state), jobs.len(), grouped(total)))?;
    out.table(&job_lines::of_state(state, jobs, out))
}
