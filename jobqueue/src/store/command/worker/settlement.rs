//! How runs ended, as `advance` is told.

use crate::job::{Counts, Keep, Pool, Settlement, Transition};
use crate::store::command::outbox::write_effect;
use crate::{
    job::{JobId, JobName, JobState},
    store::{command::Args, time::millis},
};

/// The most failed attempts that are kept of a job.
const ERRORS_KEPT: u32 = 10;

/// Ended jobs of one kind that are kept alike.
struct Block<'a> {
    kind: JobState,
    keep: &'a Keep,
    jobs: Vec<(&'a JobId, &'a [u8])>,
}

/// Writes the blocks of `lua/lib/settle.lua`.
pub(crate) fn write(settlements: &[Settlement], args: &mut Args<'_>) {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let (mut retried, mut released) = (Vec::new(), Vec::new());
    let mut errors = Vec::new();
    for Settlement { id, end, .. } in settlements {
        match end {
            Transition::Completed { keep, outcome } => {
                push(&mut blocks, JobState::Completed, keep, (id, outcome));
            }
            Transition::Failed { keep, outcome, error } => {
                push(&mut blocks, JobState::Failed, keep, (id, outcome));
                if !keep.keeps_nothing() {
                    errors.push((id, error));
                }
            }
            Transition::Retried { tries, delay, error } => {
                retried.push((id, tries.to_string(), *delay));
                errors.push((id, error));
            }
            Transition::Released { delay, counts } => {
                let held = if *counts == Counts::Hold { "^" } else { "" };
                released.push((id, format!("{held}{}", millis(*delay)), *counts));
            }
            Transition::Suspended(wait) => {
                released.push((id, format!("@{wait}"), Counts::Nothing));
            }
            // Its queue knows that it is cancelled.
            Transition::Cancelled { .. } => released.push((id, "0".to_owned(), Counts::Nothing)),
            Transition::Unstarted { lane } => {
                let lane = lane.as_ref().map_or("", JobName::as_str);
                released.push((id, format!("={lane}"), Counts::Nothing));
            }
        }
    }
    args.push(blocks.len());
    for block in blocks {
        write_block(&block, args);
    }
    args.push(retried.len());
    for (id, tries, delay) in retried {
        args.push(id.as_str()).push(tries).push(millis(delay));
    }
    args.push(released.len());
    for (id, delay, counts) in released {
        args.push(id.as_str()).push(delay);
        match counts {
            Counts::Nothing | Counts::Hold => args.push(-1),
            Counts::Miss(misses) => args.push(misses),
            Counts::Snooze(tries) => args.push(format!("~{tries}")),
        };
    }
    args.push(ERRORS_KEPT).push(errors.len());
    for (id, error) in errors {
        args.push(id.as_str()).push(error.as_slice());
    }
    write_effects(settlements, args);
}

/// Last, and left out where there are none: most batches have none.
fn write_effects(settlements: &[Settlement], args: &mut Args<'_>) {
    let count: usize = settlements.iter().map(|settlement| settlement.effects.len()).sum();
    if count > 0 {
        args.push(count);
        let effects = settlements.iter().flat_map(|settlement| &settlement.effects);
        effects.for_each(|effect| write_effect(effect, args));
    }
}

fn push<'a>(
    blocks: &mut Vec<Block<'a>>,
    kind: JobState,
    keep: &'a Keep,
    job: (&'a JobId, &'a Vec<u8>),
) {
    let job = (job.0, job.1.as_slice());
    // A handful at most: one for each kind and retention in use.
    match blocks.iter_mut().find(|block| block.kind == kind && block.keep == keep) {
        Some(block) => block.jobs.push(job),
        None => blocks.push(Block { kind, keep, jobs: vec![job] }),
    }
}

fn write_block(block: &Block<'_>, args: &mut Args<'_>) {
    // -1 is "no bound". A count too large for the script's arithmetic is as good as none.
    let bound =
        |value: Option<u64>| value.and_then(|value| i64::try_from(value).ok()).unwrap_or(-1);
    let Keep { retain, pool } = block.keep;
    match pool {
        Pool::Common => args.push(block.kind.as_str()),
        pool => args.push(format!("{} {pool}", block.kind.as_str())),
    };
    args.push(bound(retain.max_count())).push(bound(retain.max_age().map(millis)));
    args.push(block.jobs.len());
    for (id, outcome) in &block.jobs {
        args.push(id.as_str());
        if !block.keep.keeps_nothing() {
            args.push(*outcome);
        }
    }
}
