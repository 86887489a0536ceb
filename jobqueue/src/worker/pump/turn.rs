//! One turn: a call that settles ended jobs and fetches others, while runs go on.

use std::pin::pin;

use tokio::time::Instant;

use super::{jobs::Jobs, schedule::Schedule, session::KeptSession};
use crate::{error::Result, job::Settlement, session::Step, store::worker::Turn};

/// The answer to a turn's call.
pub(super) struct Answer {
    pub(super) turn: Turn,
    /// How many jobs the call asked for.
    pub(super) want: usize,
    /// What the call has settled. Effects are in the queue's outbox now.
    pub(super) settled: Vec<Settlement>,
}

impl Answer {
    /// The answer to a call that only fetches.
    pub(super) fn to_fetch(turn: Result<Turn>, want: usize) -> Result<Self> {
        turn.map(|turn| Self { turn, want, settled: Vec::new() })
    }
}

/// Makes the call. An error leaves open whether it was carried out; then nothing is forgotten of
/// what it told.
pub(super) async fn make(
    session: &KeptSession,
    jobs: &mut Jobs,
    schedule: &mut Schedule,
) -> Result<Answer> {
    if jobs.counts_starts() {
        jobs.start_fresh(schedule);
    }
    let want = schedule.want(&jobs.view());
    let rooms = jobs.rooms();
    let batch = jobs.pending.take_batch();
    // A job whose settlement didn't fit into this call keeps its slot until the next.
    let want = want.saturating_sub(jobs.pending.len());
    let step = Step {
        held: jobs.slots.holds(),
        want,
        throttle: batch.throttle,
        rooms: &rooms,
        settlements: &batch.settlements,
    };
    match ahead(session.advance(step), jobs, schedule).await {
        Ok(turn) => {
            jobs.settled(&batch.settlements);
            Ok(Answer { turn, want, settled: batch.settlements })
        }
        Err(error) => {
            jobs.pending.put_back(batch);
            Err(error)
        }
    }
}

/// Follows up the answer: what was fetched, when to look again, and effects on other queues to be
/// relayed.
pub(super) async fn follow_up(
    Answer { turn, want, settled }: Answer,
    session: &KeptSession,
    jobs: &mut Jobs,
    schedule: &mut Schedule,
) {
    let confirms = session.confirm_lost(&turn.taken).await;
    schedule.answered(&turn, want, Instant::now());
    session.tell_ticks(&turn);
    let relays = turn.effects;
    jobs.fetched(turn);
    if relays {
        session.relay(settled.into_iter().flat_map(|settled| settled.effects));
    }
    session.renewed(jobs.slots.holds(), confirms);
}

/// Sends a call, and while it is under way starts the jobs of the turn before: so Redis and the
/// handlers don't wait for each other. For the same reason a slot that becomes free meanwhile takes
/// a queued job.
async fn ahead<T>(call: impl Future<Output = T>, jobs: &mut Jobs, schedule: &mut Schedule) -> T {
    let mut call = pin!(call);
    if jobs.slots.has_fresh() {
        // The call is polled first: then the connection's own task writes it out.
        let early = tokio::select! {
            biased;
            answer = &mut call => Some(answer),
            () = tokio::task::yield_now() => None,
        };
        jobs.start_fresh(schedule);
        if let Some(answer) = early {
            return answer;
        }
    }
    loop {
        tokio::select! {
            biased;
            answer = &mut call => return answer,
            Some(report) = jobs.slots.next_report(), if jobs.slots.has_queued() => {
                jobs.note(report, schedule);
            }
        }
    }
}
