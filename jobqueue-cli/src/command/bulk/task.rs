//! What is to be done to many jobs: counted, shown, asked about, done.

use std::{future::IntoFuture, sync::Arc};

use anyhow::Result;
use jobqueue::{
    Client, JobState, Outcome, Queue,
    find::{Bulk, BulkReport, Find, JobFilter},
    types::{DateTime, Utc},
};
use serde_json::json;

use super::{Many, run::Run, verb::Verb};
use crate::{
    command::job_lines::{self, FoundJob},
    exit::Exit,
    output::{grouped, span},
    session::Session,
};

/// How many jobs are shown before anything is done.
const SAMPLES: usize = 3;

/// What is to be done, to which jobs of which queues.
pub(super) struct Task<'a> {
    many: &'a Many,
    session: &'a Session,
    verb: Verb,
    queues: Vec<Queue>,
    /// Dead letters are meant: what opens them.
    client: Option<&'a Client>,
    filter: JobFilter,
}

/// What was found in a queue before anything is done.
struct Found {
    queue: Queue,
    count: u64,
    /// Those of the filter's that it can't be done to: their dead letters run again.
    held: u64,
    looked_at: u64,
    oldest: Option<DateTime<Utc>>,
    samples: Vec<FoundJob>,
}

impl<'a> Task<'a> {
    /// Of jobs in these states, if none is named.
    pub(super) async fn of_jobs(
        many: &'a Many,
        session: &'a Session,
        verb: Verb,
        states: &[JobState],
    ) -> Result<Self> {
        let filter = many.meant.filter(states)?;
        let queues = many.queues.open(session, &filter).await?;
        Ok(Self { many, session, verb, queues, client: None, filter })
    }

    /// Of dead letters.
    pub(super) async fn of_letters(many: &'a Many, session: &'a Session) -> Result<Self> {
        let filter = many.meant.filter(&[])?;
        let queues = vec![many.queues.one(session).await?];
        let client = Some(session.client().await?);
        Ok(Self { many, session, verb: Verb::Redrive, queues, client, filter })
    }

    /// Counts, shows, asks, and does it, queue by queue.
    pub(super) async fn run<'b, A>(&self, act: impl Fn(Find) -> Bulk<'b, A>) -> Result<Exit>
    where
        Bulk<'b, A>: IntoFuture<Output = jobqueue::Result<BulkReport>>,
    {
        let mut found = Vec::new();
        for queue in &self.queues {
            found.push(self.count(queue).await?);
        }
        let looked_at: u64 = found.iter().map(|it| it.looked_at).sum();
        let held: u64 = found.iter().map(|it| it.held).sum();
        found.retain(|it| it.count > 0);
        let would: u64 = found.iter().map(|it| it.count).sum();
        let mut what = self.what(&found, looked_at);
        if held > 0 {
            let held = grouped(held);
            what.push_str(&format!(" {held} more can't: their dead letters can, by `redrive`."));
        }
        self.show_samples(&found)?;
        if would == 0 || self.many.dry_run {
            let names: Vec<_> = found.iter().map(|it| it.queue.name()).collect();
            let value =
                json!({"queues": names, "would": would, "held": held, "looked_at": looked_at});
            self.session.out.answer(&value, &what)?;
            return Ok(if would == 0 { Exit::Trouble } else { Exit::Done });
        }
        let name = match found.as_slice() {
            [one] => one.queue.name().to_string(),
            _ => would.to_string(),
        };
        self.session.ask.about(&what, &name).await?;
        let stop = self.session.stop.take_note();
        let run = Arc::new(Run::new(self.session.out, stop, would, self.verb));
        for Found { queue, .. } in &found {
            let left = self.most().saturating_sub(run.so_far());
            if left == 0 || run.stop.is_cancelled() {
                break;
            }
            let shown = run.clone();
            let bulk = act(self.find(queue)?).at_most(left).stop_on(&run.stop);
            let bulk = bulk.on_step(move |report| shown.show(report));
            let answer = match self.many.rate {
                Some(rate) => bulk.rate(rate).await,
                None => bulk.await,
            };
            self.session.deliver(queue).await?;
            run.add(queue.name(), answer)?;
        }
        run.end()
    }

    fn find(&self, queue: &Queue) -> Result<Find> {
        Ok(match &self.client {
            Some(client) => client.dead_letters(queue.name())?.find(self.filter.clone()),
            None => queue.find(self.filter.clone()),
        })
    }

    fn most(&self) -> u64 {
        self.many.limit.unwrap_or(u64::MAX)
    }

    async fn count(&self, queue: &Queue) -> Result<Found> {
        let mut find = self.find(queue)?;
        let (mut count, mut held, mut samples) = (0, 0, Vec::new());
        let mut oldest = None::<DateTime<Utc>>;
        while count < self.most()
            && let Some(job) = find.next().await
        {
            let job = job?;
            if self.verb == Verb::Retry && matches!(job.outcome, Some(Outcome::DeadLettered { .. }))
            {
                held += 1;
                continue;
            }
            count += 1;
            let time = job.finished_at.unwrap_or(job.record.created_at);
            oldest = Some(oldest.map_or(time, |oldest| oldest.min(time)));
            if samples.len() < SAMPLES {
                samples.push(FoundJob { queue: queue.name().clone(), job });
            }
        }
        let looked_at = find.looked().jobs;
        Ok(Found { queue: queue.clone(), count, held, looked_at, oldest, samples })
    }

    /// Some of the jobs, where somebody is about to decide.
    fn show_samples(&self, found: &[Found]) -> Result<()> {
        let out = &self.session.out;
        let decides = !self.session.ask.yes || self.many.dry_run;
        let samples: Vec<_> = found.iter().flat_map(|it| &it.samples).take(SAMPLES).collect();
        if !decides || out.json || samples.is_empty() {
            return Ok(());
        }
        out.table(&job_lines::of_all(samples, out))
    }

    fn what(&self, found: &[Found], looked_at: u64) -> String {
        let count: u64 = found.iter().map(|it| it.count).sum();
        let oldest = found.iter().filter_map(|it| it.oldest).min();
        let oldest = oldest.map(|time| (Utc::now() - time).to_std().unwrap_or_default());
        let oldest = oldest.map(|age| format!(" (oldest {})", span(age))).unwrap_or_default();
        let what = if self.client.is_some() { "dead letters" } else { "jobs" };
        let names: Vec<_> = match (found, self.queues.as_slice()) {
            ([], [one]) => vec![one.name().to_string()],
            ([], many) => vec![format!("{} queues", many.len())],
            _ => found.iter().map(|it| it.queue.name().to_string()).collect(),
        };
        let (count, looked_at, names) = (grouped(count), grouped(looked_at), names.join(", "));
        format!("Would {} {count} of {looked_at} {what} in {names}{oldest}.", self.verb.as_str())
    }
}
