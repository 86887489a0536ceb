//! Jobs that a filter means: looked for portion by portion, and tested twice.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, Utc};
use tracing::warn;

use super::walk::Walk;
use crate::{
    clock,
    error::{Error, Result},
    error_chain::chain,
    job::{DeadLetter, FilterError, JobFilter, JobId, JobInfo, JobState, Record},
    queue::Queue,
    value_error::Invalid,
};

/// How many jobs one call reads in full.
const READ_AT_ONCE: usize = 100;

/// How far a search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Looked {
    /// How many jobs it has looked at. One that moves meanwhile may count twice.
    pub jobs: u64,
    /// How many of them it has found.
    pub found: u64,
    /// How many of them can't be read: their record or their payload is none. They are not found.
    pub unreadable: u64,
}

/// Of which jobs a filter speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::queue) enum Subject {
    /// Of those of the queue.
    Jobs,
    /// Of those whose dead letters are the queue's jobs.
    DeadLetters,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub(in crate::queue) struct Seek {
    pub(in crate::queue) queue: Queue,
    pub(in crate::queue) filter: JobFilter,
    pub(in crate::queue) subject: Subject,
}

/// A search that is under way.
#[derive(Debug)]
pub(in crate::queue) struct Finder {
    queue: Queue,
    filter: JobFilter,
    subject: Subject,
    now: DateTime<Utc>,
    /// In which a job must be.
    states: Vec<JobState>,
    walk: Walk,
    /// Jobs whose records don't rule them out; they are read in full.
    candidates: VecDeque<JobId>,
    given: HashSet<JobId>,
    looked: Looked,
}

impl Finder {
    /// A search through the states that the filter names, or else through `states`; for dead
    /// letters, through those that wait.
    pub(in crate::queue) fn new(seek: &Seek, states: &[JobState]) -> Result<Self> {
        let Seek { queue, filter, subject } = seek.clone();
        let filter = filter.checked().map_err(|problem| match problem {
            FilterError::Invalid(invalid) => Error::from(invalid),
            FilterError::Payload(problem) => Error::from(problem),
        })?;
        if subject == Subject::DeadLetters && !filter.states_or(&[]).is_empty() {
            let problem = "a filter of dead letters names a state";
            let advice = "leave it out: the jobs have failed, and the letters that wait are found";
            return Err(Invalid::setup(problem, advice).into());
        }
        let states = match subject {
            Subject::Jobs => states,
            Subject::DeadLetters => &[JobState::Waiting],
        };
        let states = filter.states_or(states);
        // A dead letter has the tags of its job.
        let walk = match filter.one_tag() {
            Some(tag) => Walk::through_tag(tag),
            None => Walk::through(states.iter().copied()),
        };
        Ok(Self {
            queue,
            filter,
            subject,
            now: clock::now(),
            states,
            walk,
            candidates: VecDeque::new(),
            given: HashSet::new(),
            looked: Looked::default(),
        })
    }

    /// In which a job must be.
    pub(in crate::queue) fn states(&self) -> &[JobState] {
        &self.states
    }

    pub(in crate::queue) fn looked(&self) -> Looked {
        self.looked
    }

    /// One call, and the jobs that it brings, at most 100: often none. `None` at the end.
    pub(in crate::queue) async fn step(&mut self) -> Result<Option<Vec<JobInfo>>> {
        if !self.candidates.is_empty() {
            return self.read().await.map(Some);
        }
        let records = self.filter.asks_records();
        let Some(jobs) = self.walk.next(self.queue.store(), records).await? else {
            return Ok(None);
        };
        self.looked.jobs += jobs.len() as u64;
        for (id, record) in jobs {
            let wanted = match record.map(|record| Record::decode(&record)) {
                None => true,
                Some(Err(problem)) => self.unreadable(&id, &problem),
                Some(Ok(record)) => match self.wants_record(&record) {
                    Ok(wanted) => wanted,
                    Err(problem) => self.unreadable(&id, &problem),
                },
            };
            if wanted {
                self.candidates.push_back(id);
            }
        }
        Ok(Some(Vec::new()))
    }

    /// Whether a job may be meant, by its record alone.
    fn wants_record(&self, record: &Record) -> Result<bool> {
        Ok(match self.subject {
            Subject::Jobs => self.filter.wants_record(record, self.now)?,
            Subject::DeadLetters => match letter_of(record)? {
                Some(letter) => self.filter.wants_dead(&letter, self.now)?,
                None => false,
            },
        })
    }

    fn wants(&self, job: &JobInfo) -> Result<bool> {
        if !self.states.contains(&job.state) {
            return Ok(false);
        }
        Ok(match self.subject {
            Subject::Jobs => self.filter.wants(job, self.now)?,
            Subject::DeadLetters => self.wants_record(&job.record)?,
        })
    }

    /// Reads the next candidates in full, and tests them as they are now.
    async fn read(&mut self) -> Result<Vec<JobInfo>> {
        let ids: Vec<JobId> = self.candidates.iter().take(READ_AT_ONCE).cloned().collect();
        let read = self.queue.read_each(&ids).await?;
        self.candidates.drain(..ids.len());
        let mut found = Vec::new();
        for (id, job) in ids.iter().zip(read) {
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
                found.push(job);
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

/// The dead letter in a record; none if it is another kind of job.
fn letter_of(record: &Record) -> Result<Option<DeadLetter>> {
    if record.name.as_str() != DeadLetter::NAME {
        return Ok(None);
    }
    Ok(Some(record.codec.decode(&record.payload)?))
}
