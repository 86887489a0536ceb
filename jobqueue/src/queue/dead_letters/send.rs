//! One step of a redrive: dead letters whose jobs can come back to their queues are sent there.

use tracing::warn;

use super::{DeadLetters, dead_letter_of};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{Arrival, DeadLetter, FailureReason, JobId, JobInfo, JobState},
    queue::relocate::{Leaver, Relocated, Stay},
};

/// A dead letter as it was read.
pub(in crate::queue) struct Letter {
    /// Its id in its queue.
    pub(in crate::queue) id: JobId,
    pub(super) dead_letter: DeadLetter,
    pub(super) state: JobState,
    /// Of its record.
    digest: String,
}

impl Letter {
    fn of(job: &JobInfo) -> Option<Self> {
        let dead_letter = dead_letter_of(job)?;
        Some(Self {
            id: job.id.clone(),
            dead_letter,
            state: job.state,
            digest: job.record.digest(),
        })
    }
}

/// What became of the dead letters of a step.
pub(in crate::queue) struct Sent {
    /// How many have gone.
    pub(in crate::queue) count: u64,
    /// Those that stay, each with the reason.
    pub(in crate::queue) kept: Vec<(Letter, Stay)>,
}

/// What a dead letter's job takes along on its way back.
fn leaver(letter: &Letter, from: Vec<JobState>) -> Leaver {
    let dead_letter = &letter.dead_letter;
    // A record that can't be read goes back as it is, and fails there again.
    let record = dead_letter.record().ok();
    let mut arrival = record.as_ref().map(Arrival::of).unwrap_or_default();
    arrival.steps = dead_letter.steps().cloned();
    if dead_letter.failure.reason != FailureReason::Overflow {
        // It has run, so it was due, even if it was added for later and then promoted.
        arrival.due_ms = None;
    }
    Leaver {
        here: letter.id.clone(),
        from,
        digest: letter.digest.clone(),
        to: dead_letter.queue.clone(),
        id: dead_letter.id.clone(),
        priority: record.map(|record| record.options.priority).unwrap_or_default(),
        record: dead_letter.record_bytes().to_vec(),
        arrival,
    }
}

impl DeadLetters {
    /// The jobs of these ids as they are now; none where one is gone, or can't be read.
    pub(super) async fn read(&self, ids: &[JobId]) -> Result<Vec<Read>> {
        let store = self.queue().store();
        match store.read_jobs(ids).await {
            Ok(found) => Ok(found.into_iter().map(Read::of).collect()),
            // One that can't be read doesn't keep the others here.
            Err(Error::Corrupt(problem)) => {
                let [id] = ids else {
                    let mut all = Vec::with_capacity(ids.len());
                    for id in ids {
                        all.extend(Box::pin(self.read(std::slice::from_ref(id))).await?);
                    }
                    return Ok(all);
                };
                warn!(%id, problem = %chain(&problem), "left out of a redrive");
                Ok(vec![Read::Other])
            }
            Err(error) => Err(error),
        }
    }

    /// Sends those of the jobs back that are dead letters.
    pub(in crate::queue) async fn send_jobs(
        &self,
        jobs: &[JobInfo],
        from: &[JobState],
    ) -> Result<Sent> {
        self.send(jobs.iter().filter_map(Letter::of).collect(), |_| from.to_vec()).await
    }

    /// Takes dead letters out of this queue, and brings their jobs to their own queues. One whose
    /// job would meet another of the same id or unique key stays, as does one that isn't any more
    /// in a state that `from` says of the one in which it was read.
    pub(super) async fn send(
        &self,
        letters: Vec<Letter>,
        from: impl Fn(JobState) -> Vec<JobState>,
    ) -> Result<Sent> {
        let leavers = letters.iter().map(|letter| leaver(letter, from(letter.state))).collect();
        let Relocated { count, mut kept } = self.queue().relocate(leavers).await?;
        let letters = letters.into_iter().enumerate();
        let kept = letters.filter_map(|(index, letter)| Some((letter, kept.remove(&index)?)));
        Ok(Sent { count, kept: kept.collect() })
    }
}

/// A job of a dead-letter queue, as it was read.
pub(super) enum Read {
    Letter(Box<Letter>),
    /// It is no dead letter, or can't be read.
    Other,
    Gone,
}

impl Read {
    fn of(info: Option<JobInfo>) -> Self {
        let Some(info) = info else { return Self::Gone };
        Letter::of(&info).map_or(Self::Other, |letter| Self::Letter(Box::new(letter)))
    }
}
