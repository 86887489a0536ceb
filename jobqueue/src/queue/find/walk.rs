//! A walk over the jobs of a queue, a bounded portion a call.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::{
    error::Result,
    job::{JobId, JobState, Span},
    store::{
        QueueStore,
        queue::{ActivePosition, Scan, ScanActive, SetPosition},
    },
};

/// How many jobs one call looks at: half a millisecond of Redis's time.
pub(super) const PORTION: usize = 200;

/// The states in the order in which they are walked through: a job that moves on in its life is met
/// later, and not missed.
pub(super) const ORDER: [JobState; 7] = [
    JobState::WaitingChildren,
    JobState::Delayed,
    JobState::Waiting,
    JobState::Active,
    JobState::Completed,
    JobState::Failed,
    JobState::Cancelled,
];

/// The states whose sets have the jobs of all these. Those that wait for their children stand among
/// the delayed ones as well.
pub(super) fn sets(states: &[JobState]) -> Vec<JobState> {
    let has_delayed = states.contains(&JobState::Delayed);
    let doubled = |state: &JobState| has_delayed && *state == JobState::WaitingChildren;
    states.iter().filter(|state| !doubled(state)).copied().collect()
}

/// Where a walk stands.
#[derive(Debug)]
pub(super) struct Walk {
    left: VecDeque<Stretch>,
}

/// What is walked through at a time.
#[derive(Debug)]
enum Stretch {
    /// A set, from one place to another.
    Set { name: String, after: Option<SetPosition>, until: Option<SetPosition> },
    /// The active jobs of all workers.
    Active(ActivePosition),
}

impl Walk {
    /// Through the sets of these states; of those that are ordered by a time, from when to when.
    pub(super) fn through(states: impl IntoIterator<Item = (JobState, Span)>) -> Self {
        let stretch = |(state, span): (JobState, Span)| match state {
            JobState::Active => Stretch::Active(ActivePosition::default()),
            state => Stretch::Set {
                name: state.as_str().to_owned(),
                after: span.from_ms.map(SetPosition::before),
                until: span.until_ms.map(SetPosition::before),
            },
        };
        Self { left: states.into_iter().map(stretch).collect() }
    }

    /// Through all jobs with a tag, in the order of their ids.
    pub(super) fn through_tag(tag: &str) -> Self {
        let stretch = Stretch::Set { name: format!("tag:{tag}"), after: None, until: None };
        Self { left: [stretch].into() }
    }

    /// The next jobs, with their records if these are wanted; not those of active jobs. None at the
    /// end.
    ///
    /// After an error it goes on where it was, and so if its future is dropped.
    pub(super) async fn next(
        &mut self,
        store: &QueueStore,
        records: bool,
    ) -> Result<Option<Vec<(JobId, Option<Bytes>)>>> {
        let Some(stretch) = self.left.front_mut() else { return Ok(None) };
        let (jobs, is_over) = match stretch {
            Stretch::Set { name, after, until } => {
                let (set, after_now, until_now) = (name.as_str(), after.as_ref(), until.as_ref());
                let scan = Scan { set, most: PORTION, after: after_now, until: until_now, records };
                let scanned = store.call_retrying(&scan).await?;
                (*after, *until) = (scanned.next, scanned.until);
                (scanned.jobs, after.is_none())
            }
            Stretch::Active(at) => {
                let (ids, next) = store.call_retrying(&ScanActive { at, most: PORTION }).await?;
                let is_over = next.is_none();
                *at = next.unwrap_or_default();
                (ids.into_iter().map(|id| (id, None)).collect(), is_over)
            }
        };
        if is_over {
            self.left.pop_front();
        }
        Ok(Some(jobs))
    }
}
