//! A walk over the jobs of a queue from the newest to the oldest, which may stop at any of them.

use super::{cursor::WalkPlace, sieve::Sieve, walk::PORTION};
use crate::{
    error::Result,
    job::{JobId, JobInfo, Span},
    queue::inspect::READ_AT_ONCE,
    store::queue::{PlacedJob, ScanActive, ScanBack, SetPosition},
};

/// Where a walk stands.
#[derive(Debug)]
pub(super) struct Back(WalkPlace);

/// What a step has found.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) jobs: Vec<JobInfo>,
    /// Whether there is nothing behind it.
    pub(super) is_last: bool,
}

impl Back {
    pub(super) fn new(place: WalkPlace) -> Self {
        Self(place)
    }

    pub(super) fn into_place(self) -> WalkPlace {
        self.0
    }

    /// Looks at the next jobs, `looking` at most, until it has found `most` of them.
    pub(super) async fn step(
        &mut self,
        sieve: &mut Sieve,
        most: usize,
        looking: u64,
    ) -> Result<Step> {
        let portion = usize::try_from(looking).map_or(PORTION, |looking| looking.min(PORTION));
        let (set, before, span) = match &self.0 {
            WalkPlace::Active(_) => return self.active(sieve).await,
            WalkPlace::State(state, before) => {
                (state.as_str().to_owned(), before.clone(), sieve.span(*state))
            }
            WalkPlace::Tag(before) => {
                let tag = sieve.filter().one_tag().unwrap_or_default();
                (format!("tag:{tag}"), before.clone(), Span::default())
            }
        };
        let begin = before.or(span.until_ms.map(SetPosition::before));
        let end = span.from_ms.map(SetPosition::before);
        let scan = ScanBack {
            set: &set,
            most: portion,
            before: begin.as_ref(),
            from: end.as_ref(),
            records: sieve.filter().asks_records(),
        };
        let scanned = sieve.queue().store().call_retrying(&scan).await?;
        let (jobs, seen) = test(sieve, &scanned.jobs, most).await?;
        let is_last = seen == scanned.jobs.len() && !scanned.more;
        if let Some(last) = seen.checked_sub(1).and_then(|last| scanned.jobs.get(last)) {
            self.go_on_before(last.place.clone());
        }
        Ok(Step { jobs, is_last })
    }

    fn go_on_before(&mut self, place: SetPosition) {
        match &mut self.0 {
            WalkPlace::State(_, before) | WalkPlace::Tag(before) => *before = Some(place),
            WalkPlace::Active(_) => {}
        }
    }

    async fn active(&mut self, sieve: &mut Sieve) -> Result<Step> {
        let WalkPlace::Active(at) = &mut self.0 else {
            return Ok(Step { jobs: Vec::new(), is_last: true });
        };
        let scan = ScanActive { at, most: PORTION };
        let (ids, next) = sieve.queue().store().call_retrying(&scan).await?;
        sieve.look_at(ids.len());
        let ids: Vec<JobId> = ids.into_iter().filter(|id| sieve.passes(id, None)).collect();
        let mut jobs = Vec::new();
        for ids in ids.chunks(READ_AT_ONCE) {
            jobs.extend(sieve.read(ids).await?.into_iter().map(|(_, job)| job));
        }
        let is_last = next.is_none();
        if let Some(next) = next {
            *at = next;
        }
        Ok(Step { jobs, is_last })
    }
}

/// The jobs of a portion that are meant, at most so many, and how many were looked at for that.
async fn test(
    sieve: &mut Sieve,
    portion: &[PlacedJob],
    most: usize,
) -> Result<(Vec<JobInfo>, usize)> {
    let mut found = Vec::new();
    let (mut seen, mut from) = (portion.len(), 0);
    while from < portion.len() && found.len() < most {
        // No more than may be wanted are read in full.
        let room = (most - found.len()).min(READ_AT_ONCE);
        let (mut candidates, mut at) = (Vec::new(), from);
        while let Some(job) = portion.get(at)
            && candidates.len() < room
        {
            if sieve.passes(&job.id, job.record.as_ref()) {
                candidates.push(job.id.clone());
            }
            at += 1;
        }
        found.extend(sieve.read(&candidates).await?.into_iter().map(|(_, job)| job));
        (from, seen) = (at, at);
    }
    sieve.look_at(seen);
    Ok((found, seen))
}
