//! Which jobs of a queue a filter means, tested twice: by what their records say, and in full.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tracing::warn;

use super::looked::Looked;
use crate::{
    clock,
    error::{Error, Result},
    error_chain::chain,
    job::{
        DeadLetter, Facts, FilterProblem, JobFilter, JobId, JobInfo, JobState, Record, Span,
        WorkerId,
    },
    queue::Queue,
    value_error::{Invalid, PayloadError},
};

/// Of which jobs a filter speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::queue) enum Subject {
    /// Of those of the queue.
    Jobs,
    /// Of those whose dead letters are the queue's jobs.
    DeadLetters,
}

impl Subject {
    /// The states that are looked through: those that the filter names, or else `states`; of letters,
    /// those that wait.
    pub(super) fn states(self, filter: &JobFilter, states: &[JobState]) -> Vec<JobState> {
        match self {
            Self::Jobs => filter.states_or(states),
            Self::DeadLetters => vec![JobState::Waiting],
        }
    }
}

/// A filter, and the queue whose jobs are tested.
#[derive(Debug)]
pub(super) struct Sieve {
    queue: Queue,
    filter: JobFilter,
    subject: Subject,
    now: DateTime<Utc>,
    /// In which a job must be.
    states: Vec<JobState>,
    /// The processes of the queue's workers, once they are asked for.
    processes: Option<HashMap<WorkerId, String>>,
    given: HashSet<JobId>,
    looked: Looked,
}

impl Sieve {
    /// filter: a [checked] one. states: in which a job must be.
    pub(super) fn new(
        queue: Queue,
        filter: JobFilter,
        subject: Subject,
        states: Vec<JobState>,
    ) -> Self {
        let (processes, given, looked) = (None, HashSet::new(), Looked::default());
        Self { queue, filter, subject, now: clock::now(), states, processes, given, looked }
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(super) fn filter(&self) -> &JobFilter {
        &self.filter
    }

    /// Since when and until when jobs of a state may have come into it. Of letters nothing is known
    /// of that: the filter speaks of the jobs that failed.
    pub(super) fn span(&self, state: JobState) -> Span {
        match self.subject {
            Subject::Jobs => self.filter.span(state, self.now),
            Subject::DeadLetters => Span::default(),
        }
    }

    pub(super) fn states(&self) -> &[JobState] {
        &self.states
    }

    pub(super) fn looked(&self) -> Looked {
        self.looked
    }

    /// So many jobs are looked at.
    pub(super) fn look_at(&mut self, jobs: usize) {
        self.looked.jobs += jobs as u64;
    }

    /// Whether a job may be meant, by its id and its record, if that is there.
    pub(super) fn passes(&mut self, id: &JobId, record: Option<&Bytes>) -> bool {
        let record = record.map(Record::decode).transpose();
        let wanted = record.map_err(Error::from).and_then(|it| self.may_want(id, it.as_ref()));
        wanted.unwrap_or_else(|problem| self.unreadable(id, &problem))
    }

    fn may_want(&self, id: &JobId, record: Option<&Record>) -> Result<bool> {
        Ok(match (self.subject, record) {
            (Subject::DeadLetters, Some(record)) => self.wants_letter(record)?,
            (Subject::DeadLetters, None) => true,
            (Subject::Jobs, record) => {
                self.filter.wants(&Facts::at_first(self.queue.name(), id, record), self.now)?
            }
        })
    }

    fn wants_letter(&self, record: &Record) -> Result<bool> {
        let Some(letter) = DeadLetter::of(record) else { return Ok(false) };
        let letter = letter?;
        let record = letter.record().map_err(PayloadError::record)?;
        Ok(self.filter.wants(&Facts::of_dead(&letter, &record), self.now)?)
    }

    fn wants(&self, job: &JobInfo) -> Result<bool> {
        if !self.states.contains(&job.state) {
            return Ok(false);
        }
        if self.subject == Subject::DeadLetters {
            return self.wants_letter(&job.record);
        }
        let processes = self.processes.as_ref();
        let process = job.worker.as_ref().and_then(|worker| processes?.get(worker));
        let facts = Facts::of_job(self.queue.name(), job, process.map(String::as_str));
        Ok(self.filter.wants(&facts, self.now)?)
    }

    /// Reads who the workers are, if the filter asks for one.
    async fn know_workers(&mut self) -> Result<()> {
        if self.processes.is_none() && self.filter.asks_workers() {
            self.processes = Some(self.queue.processes().await?);
        }
        Ok(())
    }

    /// Reads jobs in full, and gives those that are meant as they are now, none twice. Each with its
    /// place among the ids.
    pub(super) async fn read(&mut self, ids: &[JobId]) -> Result<Vec<(usize, JobInfo)>> {
        self.know_workers().await?;
        let read = self.queue.read_each(ids).await?;
        let mut found = Vec::new();
        for ((at, id), job) in ids.iter().enumerate().zip(read) {
            let job = match job {
                Ok(Some(job)) => job,
                Ok(None) => continue,
                Err(problem) => {
                    self.unreadable(id, &problem);
                    continue;
                }
            };
            let wanted = match self.wants(&job) {
                Ok(wanted) => wanted,
                Err(problem) => self.unreadable(id, &problem),
            };
            if wanted && self.given.insert(id.clone()) {
                found.push((at, job));
            }
        }
        self.looked.found += found.len() as u64;
        Ok(found)
    }

    /// Counts a job that can't be read, and says so of the first.
    fn unreadable(&mut self, id: &JobId, problem: &dyn std::error::Error) -> bool {
        if self.looked.unreadable == 0 {
            warn!(queue = %self.queue.name(), %id, problem = %chain(problem), "left out of a search, as others that can't be read");
        }
        self.looked.unreadable += 1;
        false
    }
}

/// The filter, unless something is wrong with it.
pub(super) fn checked(filter: JobFilter, subject: Subject) -> Result<JobFilter> {
    if subject == Subject::DeadLetters && filter.names_state() {
        let problem = "a filter of dead letters names a state";
        let advice = "leave it out: the jobs have failed, and the letters that wait are found";
        return Err(Invalid::setup(problem, advice).into());
    }
    filter.checked().map_err(|problem| match problem {
        FilterProblem::Invalid(invalid) => Error::from(invalid),
        FilterProblem::Payload(problem) => Error::from(problem),
    })
}
