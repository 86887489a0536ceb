//! What becomes of jobs that were taken by hand: by the same rules as for workers.

use bytes::Bytes;

use super::receiver::Rules;
use crate::{
    error::{Error, Refused, Result},
    job::{
        Codec, DeadLetter, JobFailure, JobId, JobState, QueueName, Record, ReplyAddress, RunRules,
        Settlement, Transition, WorkerId,
    },
    queue::Queue,
    settle::{Decision, RunOutcome, RunPolicy, dead_letter, decide, reply},
    store::{
        Retries, chunks,
        worker::{Settle, Taken},
    },
};

/// A job that is handed to the caller.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) id: JobId,
    pub(crate) record: Record,
    pub(crate) run_policy: RunPolicy,
    pub(crate) stalls: u32,
}

/// Decides by itself about jobs that nobody needs to see.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    pub(crate) queue: Queue,
    pub(crate) rules: Rules,
    /// Where what fails for good goes: as the receiver says, else as the queue does.
    pub(crate) dead_letter: Option<QueueName>,
}

impl Intake {
    pub(crate) fn new(queue: Queue, rules: Rules, queues: Option<QueueName>) -> Self {
        let to = rules.dead_letter.clone().or(queues);
        let dead_letter = to.filter(|to| to != queue.name());
        Self { queue, rules, dead_letter }
    }

    /// Sorts what was taken: into what goes to the caller, and what has failed.
    pub(crate) fn sort(&self, taken: Vec<Taken>) -> (Vec<Accepted>, Vec<Settlement>) {
        let (mut accepted, mut failed) = (Vec::new(), Vec::new());
        for job in taken {
            let Taken { id, record, attempts, stalls, expired, .. } = job;
            let raw = record.clone().unwrap_or_default();
            let record = match record {
                Some(bytes) => Record::decode(&bytes).map_err(|corrupt| corrupt.to_string()),
                None => Err("its record is missing: somebody removed it from redis".to_owned()),
            };
            let (record, run_policy, why) = match record {
                Ok(record) => {
                    let care = &self.rules.care;
                    let run_policy =
                        RunPolicy::new(attempts, &record.options, &RunRules::DEFAULT, care);
                    let receives = attempts.saturating_add(stalls);
                    let spent = self.rules.max_receives.is_some_and(|most| receives >= most);
                    let why = match spent {
                        _ if expired => Some(RunOutcome::Expired),
                        true => Some(RunOutcome::Stalled(receives)),
                        false => None,
                    };
                    (Some(record), run_policy, why)
                }
                Err(problem) => {
                    let run_policy = RunPolicy::unknown(attempts, &self.rules.care);
                    (None, run_policy, Some(RunOutcome::Corrupt(problem)))
                }
            };
            match (record, why) {
                (Some(record), None) => accepted.push(Accepted { id, record, run_policy, stalls }),
                (record, Some(why)) => {
                    let inbox = record.and_then(|record| record.options.reply_to);
                    failed.push(self.reject((id, raw, inbox), &run_policy, why));
                }
                (None, None) => {}
            }
        }
        (accepted, failed)
    }

    /// A job that fails without being handed out.
    fn reject(
        &self,
        (id, record, inbox): (JobId, Bytes, Option<ReplyAddress>),
        run_policy: &RunPolicy,
        why: RunOutcome,
    ) -> Settlement {
        let mut decision = decide(why, run_policy, Codec::default());
        self.enclose(&mut decision, &id, record, Vec::new());
        if let Some(inbox) = &inbox {
            reply::attach(&mut decision, inbox, &id);
        }
        Settlement { id, end: decision.end, effects: decision.effects }
    }

    /// How a job that was handed out ended.
    pub(crate) async fn decide(
        &self,
        id: &JobId,
        record: &Record,
        run_policy: &RunPolicy,
        ended: RunOutcome,
    ) -> Decision {
        let mut decision = decide(ended, run_policy, record.codec);
        if let (Transition::Failed { .. }, Some(failure)) = (&decision.end, &decision.failure)
            && self.dead_letter.is_some()
        {
            // A letter without its history is better than none.
            let errors = match failure.attempt {
                1 => Vec::new(),
                _ => self.queue.store().errors(id).await.unwrap_or_default(),
            };
            self.enclose(&mut decision, id, Bytes::from(record.encode()), errors);
        }
        if let Some(inbox) = &record.options.reply_to {
            reply::attach(&mut decision, inbox, id);
        }
        decision
    }

    /// Sends a letter along with what failed for good, if there is a queue for it.
    fn enclose(&self, decision: &mut Decision, id: &JobId, record: Bytes, errors: Vec<JobFailure>) {
        let (Transition::Failed { .. }, Some(failure), Some(to)) =
            (&decision.end, &decision.failure, &self.dead_letter)
        else {
            return;
        };
        let queue = self.queue.name().as_str();
        let dead_letter = DeadLetter::new(queue, id.clone(), record, failure.clone(), errors);
        dead_letter::attach(decision, &dead_letter, to);
    }

    /// Says how jobs ended that a worker holds, in steps.
    pub(crate) async fn settle(
        &self,
        worker: &WorkerId,
        settlements: &[Settlement],
        throttle: std::time::Duration,
    ) -> Result<()> {
        for settlements in chunks(settlements, Settlement::size) {
            let effects = self.call(&Settle { worker, throttle, settlements }).await?;
            if effects {
                self.queue.client().relays().start(self.queue.name());
            }
        }
        Ok(())
    }

    /// Calls until an answer comes. Whether a call whose answer was lost was carried out is found out by
    /// where the job is.
    async fn call(&self, settle: &Settle<'_>) -> Result<bool> {
        let store = self.queue.store();
        let (mut retries, mut again) = (Retries::within(store.retry_timeout()), false);
        loop {
            match store.call(settle).await {
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    again = true;
                }
                Err(Error::Refused(Refused::LeaseLost)) if again => {
                    return match settle.settlements {
                        [one] if self.is_done(one).await? => Ok(true),
                        _ => Err(Refused::LeaseLost.into()),
                    };
                }
                answer => return answer,
            }
        }
    }

    /// Whether a job is where a settlement would have put it.
    async fn is_done(&self, settlement: &Settlement) -> Result<bool> {
        let state = self.queue.info_of(&settlement.id).await?.map(|info| info.state);
        Ok(match settlement.end {
            Transition::Completed { .. } => matches!(state, None | Some(JobState::Completed)),
            Transition::Failed { .. } => matches!(state, None | Some(JobState::Failed)),
            Transition::Retried { .. } | Transition::Released { .. } => {
                matches!(state, Some(JobState::Waiting | JobState::Delayed))
            }
        })
    }
}
