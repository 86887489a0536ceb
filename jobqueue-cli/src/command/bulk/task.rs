//! What is to be done to many jobs: counted, shown, asked about, done.

use std::{future::IntoFuture, ops::ControlFlow};

use anyhow::Result;
use jobqueue::{
    JobState, Queue,
    dead_letter::DeadLetters,
    find::{Bulk, BulkReport, Find, JobFilter},
    types::{DateTime, Utc},
};
use serde_json::json;

use super::{Many, run::Run};
use crate::{
    command::job_lines::{self, FoundJob},
    exit::Exit,
    output::{grouped, span},
    session::Session,
};

/// How many jobs are shown before anything is done.
const SAMPLES: usize = 3;

/// What is to be done, to which jobs of which queue.
pub(super) struct Task<'a> {
    many: &'a Many,
    session: &'a Session,
    verb: &'static str,
    queue: Queue,
    /// Dead letters are meant.
    letters: Option<DeadLetters>,
    filter: JobFilter,
}

/// What was found before anything is done.
#[derive(Default)]
struct Found {
    count: u64,
    looked_at: u64,
    oldest: Option<DateTime<Utc>>,
    samples: Vec<FoundJob>,
}

impl<'a> Task<'a> {
    /// Of jobs in these states, if none is named.
    pub(super) async fn open(
        many: &'a Many,
        session: &'a Session,
        verb: &'static str,
        states: &[JobState],
    ) -> Result<Self> {
        let queue = many.queues.one(session).await?;
        let filter = many.meant.filter(states);
        Ok(Self { many, session, verb, queue, letters: None, filter })
    }

    /// Of dead letters.
    pub(super) async fn of_letters(
        many: &'a Many,
        session: &'a Session,
        verb: &'static str,
    ) -> Result<Self> {
        let mut task = Self::open(many, session, verb, &[]).await?;
        task.letters = Some(session.client().await?.dead_letters(task.queue.name())?);
        Ok(task)
    }

    pub(super) fn find(&self) -> Find {
        match &self.letters {
            Some(letters) => letters.find(self.filter.clone()),
            None => self.queue.find(self.filter.clone()),
        }
    }

    fn most(&self) -> u64 {
        self.many.limit.unwrap_or(u64::MAX)
    }

    /// Counts, shows, and asks. Ends there if nothing is found, or it was only to be counted.
    pub(super) async fn begin(&self) -> Result<ControlFlow<Exit, Run>> {
        let (out, found) = (&self.session.out, self.count().await?);
        let (what, name) = (self.what(&found), self.queue.name().as_str());
        let asks = !self.session.ask.yes || self.many.dry_run;
        if found.count > 0 && asks && !out.json {
            out.table(&job_lines::of_all(&found.samples, out))?;
        }
        if found.count == 0 || self.many.dry_run {
            let (would, looked_at) = (found.count, found.looked_at);
            let value = json!({"queue": name, "would": would, "looked_at": looked_at});
            out.answer(&value, &what)?;
            let exit = if found.count == 0 { Exit::Trouble } else { Exit::Done };
            return Ok(ControlFlow::Break(exit));
        }
        self.session.ask.about(&what, name).await?;
        let (stop, total) = (self.session.stop.take_note(), found.count);
        Ok(ControlFlow::Continue(Run::new(*out, stop, total, self.verb)))
    }

    /// Does it, and tells how far it is.
    pub(super) async fn carry_out<'b, A>(&self, run: &'b Run, bulk: Bulk<'b, A>) -> Result<Exit>
    where
        Bulk<'b, A>: IntoFuture<Output = jobqueue::Result<BulkReport>>,
    {
        let bulk = bulk.at_most(self.most()).stop_on(&run.stop).on_step(|so_far| run.show(so_far));
        let answer = match self.many.rate {
            Some(rate) => bulk.rate(rate).await,
            None => bulk.await,
        };
        self.session.deliver(&self.queue).await?;
        run.end(self.queue.name(), answer)
    }

    async fn count(&self) -> Result<Found> {
        let (mut find, mut found) = (self.find(), Found::default());
        while found.count < self.most()
            && let Some(job) = find.next().await
        {
            let job = job?;
            found.count += 1;
            let time = job.finished_at.unwrap_or(job.record.created_at);
            found.oldest = Some(found.oldest.map_or(time, |oldest| oldest.min(time)));
            if found.samples.len() < SAMPLES {
                found.samples.push(FoundJob { queue: self.queue.name().clone(), job });
            }
        }
        found.looked_at = find.looked().jobs;
        Ok(found)
    }

    fn what(&self, found: &Found) -> String {
        let oldest = found.oldest.map(|time| (Utc::now() - time).to_std().unwrap_or_default());
        let oldest = oldest.map(|age| format!(" (oldest {})", span(age))).unwrap_or_default();
        let what = if self.letters.is_some() { "dead letters" } else { "jobs" };
        format!(
            "Would {} {} of {} {what} in {}{oldest}.",
            self.verb,
            grouped(found.count),
            grouped(found.looked_at),
            self.queue.name()
        )
    }
}
