//! How work on many jobs runs, in the background.

use std::{pin::Pin, time::Duration};

use jobqueue::{
    Client, Error, JobId, Queue, dead_letter::DeadLetter, error::Refused, find::BulkReport,
};

use tokio::time::{Instant, timeout_at};

use super::{
    subject::Subject,
    tasks::{Ended, Far, Task},
};
use crate::{
    access::{Person, Role},
    verb::Verb,
};

/// How many dead letters are sent back between two looks at whether to go on.
const SLICE: usize = 500;

/// What cancelled jobs have as the reason, if nobody says another.
pub(super) const REASON: &str = "from the dashboard";

/// What is to be done.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) client: Client,
    /// Who wants it.
    pub(super) person: Person,
    pub(super) queue: Queue,
    pub(super) verb: Verb,
    pub(super) subject: Subject,
    /// How many a second at most, for what can be slowed down.
    pub(super) rate: Option<u32>,
}

/// Does it, and notes how it ended.
pub(super) async fn run(work: Work, task: Task) {
    let answer = match (&work.subject, work.verb) {
        (_, Verb::Redrive) => redrive(&work, &task).await,
        (Subject::Ids(ids), _) => each(&work, ids, &task).await,
        (Subject::All { .. }, _) => all(&work, &task).await,
    };
    task.end(match answer {
        Err(error) => Ended::Failed(error.to_string()),
        Ok(()) if task.stop_token().is_cancelled() => Ended::Stopped,
        Ok(()) => Ended::Done,
    });
}

type Doing<'a> = Pin<Box<dyn Future<Output = Result<BulkReport, Error>> + Send + 'a>>;

/// All that a filter means; the library goes through them in slices.
async fn all(work: &Work, task: &Task) -> Result<(), Error> {
    let Some(found) = work.subject.search(&work.queue, work.verb, &work.client)? else {
        return Ok(());
    };
    let stop = task.stop_token();
    let on_step = |report: &BulkReport| {
        task.report(Far {
            looked: report.looked_at,
            done: report.done,
            skipped: report.refused + report.unreadable,
        });
    };
    let doing: Doing<'_> = match work.verb {
        Verb::Cancel => {
            let cancel = found.cancel().by(work.person.name()).reason(REASON);
            Box::pin(cancel.on_step(on_step).stop_on(stop).into_future())
        }
        Verb::Remove => Box::pin(found.remove().on_step(on_step).stop_on(stop).into_future()),
        _ => Box::pin(found.retry().on_step(on_step).stop_on(stop).into_future()),
    };
    let report = doing.await?;
    on_step(&report);
    for (id, why) in report.refusals.iter().take(5) {
        task.refused(format!("{id}: {why}"));
    }
    Ok(())
}

/// Some, by their ids.
async fn each(work: &Work, ids: &[JobId], task: &Task) -> Result<(), Error> {
    let mut far = Far { looked: 0, done: 0, skipped: 0 };
    for id in ids {
        if task.stop_token().is_cancelled() {
            break;
        }
        far.looked += 1;
        match one(work, id).await {
            Ok(None) => far.done += 1,
            Ok(Some(why)) => {
                far.skipped += 1;
                task.refused(format!("{id}: {why}"));
            }
            Err(Error::Refused(
                why @ (Refused::Permission { .. } | Refused::OutOfMemory { .. }),
            )) => {
                return Err(why.into());
            }
            Err(Error::Refused(why)) => {
                far.skipped += 1;
                task.refused(format!("{id}: {why}"));
            }
            Err(other) => return Err(other),
        }
        task.report(far);
    }
    Ok(())
}

/// Why it isn't for this job, if it isn't.
async fn one(work: &Work, id: &JobId) -> Result<Option<String>, Error> {
    let job = work.queue.job(id);
    match work.verb {
        Verb::Promote => job.promote().await?,
        Verb::Remove => job.remove().await?,
        Verb::Cancel => {
            job.cancel().by(work.person.name()).reason(REASON).await?;
        }
        _ => {
            let state = job.info().await?.state;
            if !work.verb.fits(state) {
                return Ok(Some(format!("it is {state}")));
            }
            job.retry().await?;
        }
    }
    Ok(None)
}

/// Dead letters go back to where they come from.
async fn redrive(work: &Work, task: &Task) -> Result<(), Error> {
    let dead_letters = work.client.dead_letters(work.queue.name())?;
    let ids = match &work.subject {
        Subject::Ids(ids) => ids.clone(),
        Subject::All { .. } => {
            let Some(mut found) = work.subject.search(&work.queue, work.verb, &work.client)? else {
                return Ok(());
            };
            let mut ids = Vec::new();
            while let Some(job) = found.next().await {
                ids.push(job?.id);
            }
            ids
        }
    };
    let mut far = Far { looked: 0, done: 0, skipped: 0 };
    // With a rate, a slice takes a second at most, so that a stop is heard of soon.
    let slice = work.rate.map_or(SLICE, |rate| (rate as usize).clamp(1, SLICE));
    for ids in ids.chunks(slice) {
        if task.stop_token().is_cancelled() {
            break;
        }
        let began = Instant::now();
        // Jobs run again in their own queues: who may do nothing there sends none back.
        let may = |letter: &DeadLetter| work.person.can(Role::Operator, letter.queue.as_str());
        let sent = dead_letters.redrive().ids(ids).filter(may).await?;
        far.looked += ids.len() as u64;
        far.done += sent;
        far.skipped = far.looked - far.done.min(far.looked);
        task.report(far);
        if let Some(rate) = work.rate {
            let slice = Duration::from_secs_f64(sent as f64 / f64::from(rate));
            let stopped = task.stop_token().cancelled();
            // A stop ends the wait.
            let _ = timeout_at(began + slice, stopped).await;
        }
    }
    Ok(())
}
