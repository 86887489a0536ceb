//! Jobs that a filter means: looked for portion by portion, and tested twice.

use std::collections::VecDeque;

use super::{
    looked::Looked,
    sieve::{Sieve, Subject, checked},
    walk::{Walk, sets},
};
use crate::{
    error::Result,
    job::{JobFilter, JobId, JobInfo, JobState},
    queue::{Queue, inspect::READ_AT_ONCE},
};

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
    sieve: Sieve,
    walk: Walk,
    /// Jobs whose records don't rule them out; they are read in full.
    candidates: VecDeque<JobId>,
}

impl Finder {
    /// A search through the states that the filter names, or else through `states`; for dead
    /// letters, through those that wait.
    pub(in crate::queue) fn new(seek: &Seek, states: &[JobState]) -> Result<Self> {
        let Seek { queue, filter, subject } = seek.clone();
        let filter = checked(filter, subject)?;
        let (states, ids) = match subject {
            Subject::Jobs if !filter.wants_queue(queue.name()) => (Vec::new(), None),
            Subject::Jobs => (subject.states(&filter, states), filter.ids()),
            Subject::DeadLetters => (subject.states(&filter, states), None),
        };
        let mut sieve = Sieve::new(queue, filter, subject, states);
        let states = sieve.states();
        // A dead letter has the tags of its job.
        let walk = match sieve.filter().one_tag() {
            _ if ids.is_some() => Walk::through([]),
            Some(tag) if !states.is_empty() => Walk::through_tag(tag),
            _ => Walk::through(sets(states).into_iter().map(|state| (state, sieve.span(state)))),
        };
        let candidates = ids.unwrap_or_default().into();
        sieve.look_at(VecDeque::len(&candidates));
        Ok(Self { sieve, walk, candidates })
    }

    /// In which a job must be.
    pub(in crate::queue) fn states(&self) -> &[JobState] {
        self.sieve.states()
    }

    pub(in crate::queue) fn looked(&self) -> Looked {
        self.sieve.looked()
    }

    /// One call, and the jobs that it brings, at most 100: often none. `None` at the end.
    pub(in crate::queue) async fn step(&mut self) -> Result<Option<Vec<JobInfo>>> {
        if !self.candidates.is_empty() {
            return self.read().await.map(Some);
        }
        let records = self.sieve.filter().asks_records();
        let Some(jobs) = self.walk.next(self.sieve.queue().store(), records).await? else {
            return Ok(None);
        };
        self.sieve.look_at(jobs.len());
        for (id, record) in jobs {
            if self.sieve.passes(&id, record.as_ref()) {
                self.candidates.push_back(id);
            }
        }
        Ok(Some(Vec::new()))
    }

    /// Reads the next candidates in full, and tests them as they are now.
    async fn read(&mut self) -> Result<Vec<JobInfo>> {
        let ids: Vec<JobId> = self.candidates.iter().take(READ_AT_ONCE).cloned().collect();
        let found = self.sieve.read(&ids).await?;
        self.candidates.drain(..ids.len());
        Ok(found.into_iter().map(|(_, job)| job).collect())
    }
}
