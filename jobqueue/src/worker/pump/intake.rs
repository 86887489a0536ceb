//! From a fetched job to its run, or to the decision that fails it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::{sync::watch, time::Instant};

use super::config::PumpConfig;
use crate::{
    job::{Codec, JobId, QueueName, Record, WorkerId},
    settle::{
        Candidate, DeadLetterRoute, Decision, EndedJob, HandoutLimit, History, Intake, JobDefaults,
        Rejection, RunPolicy, ServerClock, decide, intake,
    },
    worker::{
        handler_limits::Pass,
        registry::{Entry, Registry},
        run::{
            AttemptNumbers, Cancellation, Context, ContextParts, DeadLetterQueues, Run, RunParts,
            RunShared, run_trace,
        },
        states::States,
    },
};

/// Makes runs of fetched jobs.
pub(super) struct RunMaker {
    registry: Arc<Registry>,
    defaults: JobDefaults,
    states: Arc<States>,
    shared: Arc<RunShared>,
    /// As of the last turn.
    clock: Option<ServerClock>,
}

/// A job that runs.
pub(super) struct Accepted {
    pub(super) id: JobId,
    pub(super) record: Record,
    pub(super) policy: RunPolicy,
    pub(super) entry: Arc<Entry>,
    /// Since when it is ready, if this is its first attempt.
    pub(super) ready_at: Option<Instant>,
    pub(super) pass: Option<Box<Pass>>,
}

impl RunMaker {
    pub(super) fn new(pump: &PumpConfig, worker: watch::Receiver<WorkerId>) -> Self {
        let config = &pump.config;
        let shared = RunShared {
            store: pump.store.clone(),
            worker,
            hold: pump.lease.hold().clone(),
            telemetry: pump.telemetry.clone(),
            on_span: config.on_span.clone(),
            relays: pump.client.relays().clone(),
            dead_letters: DeadLetterQueues::new(config.dead_letter.clone()),
            client: pump.client.clone(),
            unknown_limit: config.defaults.unknown_limit,
            unknown_delay: config.defaults.unknown_delay,
        };
        Self {
            registry: pump.registry.clone(),
            defaults: config.defaults,
            states: pump.states.clone(),
            shared: Arc::new(shared),
            clock: None,
        }
    }

    /// A turn was answered: the server's time, and the queue's own dead-letter queue.
    pub(super) fn answered(&mut self, now: u64, dead_letter: Option<QueueName>) {
        self.clock = Some(ServerClock::new(now));
        self.shared.dead_letters.note(dead_letter);
    }

    /// Whether a job runs, fails, or goes back.
    pub(super) fn intake(&self, record: Option<&Bytes>, history: History) -> Intake<Arc<Entry>> {
        let limit = HandoutLimit::Stalls(self.defaults.max_stalls);
        let find = |name: &str| self.registry.get(name).map(Entry::known);
        let candidate = Candidate { record, history, clock: self.clock };
        intake(&candidate, limit, &self.defaults, find)
    }

    /// Since when a job is ready, if this is its first attempt. It lies in the future if its producer's
    /// clock is ahead of the server's.
    pub(super) fn ready_at(&self, record: &Record, history: History) -> Option<Instant> {
        let clock = self.clock.filter(|_| history.is_first());
        clock.and_then(|clock| clock.instant(history.due_at(record)))
    }

    pub(super) fn make(&self, job: Accepted, number: u64, cancellation: Cancellation) -> Run {
        let Accepted { id, record, policy, entry, ready_at, pass } = job;
        let ctx = Context::new(ContextParts {
            id,
            numbers: AttemptNumbers {
                attempt: policy.attempt,
                attempts: policy.attempts,
                snoozes: policy.snoozed,
            },
            states: self.states.clone(),
            trace: run_trace(&record),
            record,
            deadline: OnceLock::new(),
            cancellation,
            delivery: policy.delivery,
            parts: RunParts::new(entry.rules.steps),
            shared: Some(self.shared.clone()),
        });
        Run { ready_at, number, ctx, policy, entry, pass, seat: None }
    }

    /// Decides about a job that fails without a run.
    pub(super) fn reject(
        &self,
        id: &JobId,
        record: Bytes,
        rejection: Rejection<Arc<Entry>>,
    ) -> (Decision, Option<Arc<Entry>>) {
        let Rejection { outcome, policy, name, reply_to, handler } = rejection;
        let of_handler = handler.as_ref().and_then(|entry| entry.dead_letter.as_ref());
        let from = self.shared.store.name();
        let to = self.shared.dead_letters.choose(from, of_handler);
        // One whose handler isn't known may have steps.
        let has_steps = handler.as_ref().is_none_or(|entry| entry.rules.steps);
        let route = || to.map(|to| DeadLetterRoute { to, from, record, has_steps });
        let (codec, reply_to) = (Codec::default(), reply_to.as_ref());
        let job = EndedJob { id, name: name.as_ref(), codec, reply_to, has_group: false };
        (decide(outcome, &policy, job, route), handler)
    }
}
