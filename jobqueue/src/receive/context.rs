//! Decisions about received jobs, by the same rules as for a worker's.

use bytes::Bytes;

use super::rules::Rules;
use crate::{
    job::{Codec, JobId, QueueName, Record, RunRules, Settlement, Transition, Tries},
    queue::Queue,
    settle::{
        Candidate, DeadLetterRoute, Decision, EndedJob, HandoutLimit, History, Intake, Known,
        Rejection, RunOutcome, RunPolicy, ServerClock, decide, decide_run, intake,
    },
    store::worker::Taken,
};

/// What the jobs of one receive have in common.
#[derive(Clone, Debug)]
pub(super) struct ReceiveContext {
    pub(super) queue: Queue,
    rules: Rules,
    /// Where jobs go that fail for good: as the receiver says, else as the queue does.
    dead_letter: Option<QueueName>,
}

/// A job that is handed to the caller.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: JobId,
    pub(super) record: Record,
    pub(super) policy: RunPolicy,
    pub(super) stalls: u32,
}

impl ReceiveContext {
    pub(super) fn new(queue: Queue, rules: Rules, of_queue: Option<QueueName>) -> Self {
        let to = rules.dead_letter.clone().or(of_queue);
        let dead_letter = to.filter(|to| to != queue.name());
        Self { queue, rules, dead_letter }
    }

    /// Sorts fetched jobs into those that the caller gets, and settlements of those that have
    /// failed.
    pub(super) fn sort(
        &self,
        taken: Vec<Taken>,
        clock: ServerClock,
    ) -> (Vec<Accepted>, Vec<Settlement>) {
        let (mut accepted, mut ended) = (Vec::new(), Vec::new());
        for job in taken {
            let Taken { id, record, tries, stalls, misses, expired, was_lost: _ } = job;
            let Tries { attempts, snoozes, due } = tries;
            let history = History { attempts, snoozes, stalls, misses, expired, due };
            let candidate = Candidate { record: record.as_ref(), history, clock: Some(clock) };
            let limit = HandoutLimit::Receives(self.rules.max_receives);
            match intake(&candidate, limit, &self.rules.defaults, |_| Some(ANY)) {
                Intake::Run { record, mut policy, .. } => {
                    // If the last receive fails, so does the job, for that reason.
                    if let Some(most) = self.rules.max_receives {
                        policy.attempts = policy.attempts.min(most.saturating_sub(stalls));
                    }
                    accepted.push(Accepted { id, record, policy, stalls });
                }
                Intake::Reject(rejection) => {
                    ended.push(self.reject(id, record.unwrap_or_default(), rejection));
                }
                Intake::Return { end, .. } => ended.push(returned(id, end)),
            }
        }
        (accepted, ended)
    }

    /// A job fails without being handed out.
    fn reject(&self, id: JobId, record: Bytes, rejection: Rejection<()>) -> Settlement {
        let Rejection { outcome, policy, name, reply_to, .. } = rejection;
        let job = EndedJob {
            id: &id,
            name: name.as_ref(),
            codec: Codec::default(),
            reply_to: reply_to.as_ref(),
            has_group: false,
        };
        decide(outcome, &policy, job, || self.route(record)).into_settlement(id)
    }

    /// Decides about a job that was handed out and has ended.
    pub(super) fn decide(&self, job: &Accepted, outcome: RunOutcome) -> Decision {
        let Accepted { id, record, policy, .. } = job;
        let reply_to = record.options.reply_to.as_ref();
        let (name, codec) = (Some(&record.name), record.codec);
        let has_group = record.options.group.is_some();
        let job = EndedJob { id, name, codec, reply_to, has_group };
        decide_run(outcome, policy, job, || self.route(Bytes::from(record.encode())))
    }

    fn route(&self, record: Bytes) -> Option<DeadLetterRoute<'_>> {
        let to = self.dead_letter.clone()?;
        Some(DeadLetterRoute { to, from: self.queue.name(), record, has_steps: true })
    }
}

/// A receiver hands out jobs of every name and version.
const ANY: Known<()> =
    Known { handler: (), name: None, rules: RunRules::DEFAULT, newest: u32::MAX };

fn returned(id: JobId, end: Transition) -> Settlement {
    Settlement { id, end, effects: Vec::new() }
}
