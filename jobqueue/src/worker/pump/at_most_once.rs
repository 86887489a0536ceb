//! Runs at most once: the job is settled first, and only when that is confirmed does its run start.
//!
//! Such a run holds no job: there is no lease on it, and nothing that happens to its worker makes it run again.

use std::time::Duration;

use tracing::warn;

use super::Pump;
use crate::{
    job::{JobId, Settlement, Transition},
    policy::Retain,
    worker::{
        run::{Ending, Run},
        telemetry::WorkerEvent,
    },
};

impl Pump {
    /// Has a job settled by the next turn. Its run waits for that.
    pub(crate) fn await_settlement(&mut self, run: Run) {
        let id = run.ctx.id().clone();
        // Nobody knows yet how the run will end, so there is nothing to keep.
        let end = Transition::Completed { retain: Retain::none(), outcome: Vec::new() };
        self.outcomes.push(Settlement { id: id.clone(), end, effects: Vec::new() });
        self.awaiting.insert(id, run);
    }

    /// A call has settled a job: it is held no more, and if its run has waited for that, it starts.
    pub(crate) fn settled(&mut self, id: &JobId) {
        // Most workers never promise anything, and then this costs nothing.
        let awaiting = if self.awaiting.is_empty() { None } else { self.awaiting.remove(id) };
        match awaiting {
            None => self.slots.remove(id),
            Some(run) => {
                let task = self.spawn(run);
                self.slots.started_settled(id, task);
            }
        }
    }

    /// Hands back what has not been settled yet. Between turns nothing of it is on its way.
    pub(crate) fn release_awaiting(&mut self) {
        let awaiting = std::mem::take(&mut self.awaiting);
        for settlement in &mut self.outcomes {
            if awaiting.contains_key(&settlement.id) {
                settlement.end = Transition::Released { delay: Duration::ZERO, misses: None };
            }
        }
    }

    /// Gives up on runs whose jobs are not held any more: they were settled by a call whose reply was lost, or
    /// others have them now. Either way nobody knows that they may run.
    pub(crate) fn prune_awaiting(&mut self) {
        for (id, run) in std::mem::take(&mut self.awaiting) {
            if self.slots.is_current(&id, run.number) {
                self.awaiting.insert(id, run);
            } else {
                warn!(queue = %self.parts.store.name(), %id, "this job runs at most once, and may have been settled already: it is not run");
                self.parts.events.say(|| WorkerEvent::Lost { id });
            }
        }
    }

    /// Takes note of how a run ended whose job was settled before.
    pub(crate) fn note_settled_run(&mut self, id: &JobId, ended: Option<Ending>) {
        if let Some((decision, times)) = ended {
            if let Some(times) = times {
                self.tally.ended(times, false);
            }
            if let Some(failure) = decision.failure {
                self.parts.events.failed(id, failure, None);
            }
        }
        self.start_queued();
    }
}
