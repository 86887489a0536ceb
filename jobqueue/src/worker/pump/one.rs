//! One job, run by itself as a pump would run it, outside of its queue's limits. For tests.

use std::{slice, time::Duration};

use bytes::Bytes;
use tokio::{sync::watch, time::timeout};

use super::{
    config::PumpConfig,
    intake::{Accepted, RunMaker},
};
use crate::{
    clock,
    error::{Error, Result},
    job::{JobFailure, JobId, Keep, QueueName, Settlement, Transition, Tries},
    session::{Session, Step},
    settle::{Decision, History, Intake},
    store::{
        OneJob, Retries,
        worker::{Heartbeat, Rooms},
    },
    worker::{
        run::{Cancellation, Crashes, RunEnd},
        telemetry::QueueTelemetry,
    },
};

/// For how long it tries to settle a job, and to leave.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a run of one job ended.
#[derive(Debug)]
pub(crate) enum OneEnd {
    Settled(Box<OneSettled>),
    /// Another worker has the job by now.
    Lost,
    /// The worker has died.
    Crashed,
}

/// What became of the job.
#[derive(Debug)]
pub(crate) struct OneSettled {
    pub(crate) end: Transition,
    pub(crate) failure: Option<JobFailure>,
    pub(crate) dead_letter: Option<QueueName>,
    pub(crate) throttle: Duration,
}

/// A worker on one queue, which holds one job.
struct One<'a> {
    pump: &'a PumpConfig,
    session: Session,
    id: &'a JobId,
}

impl PumpConfig {
    /// Runs a job that waits; or a new one, which nobody else can fetch before. None if it doesn't
    /// wait any more.
    pub(crate) async fn run_one(
        &self,
        id: &JobId,
        new: Option<OneJob>,
        mut crashes: Crashes,
    ) -> Result<Option<OneEnd>> {
        let session = Session::new(self.store.clone(), self.config.lease, None);
        let mut one = One { pump: self, session, id };
        one.session.join(&[]).await?;
        let Some(held) = one.hold(new).await? else {
            one.session.leave(PATIENCE).await?;
            return Ok(None);
        };
        // A worker that has died says nothing any more.
        let end = tokio::select! {
            biased;
            () = crashes.next() => return Ok(Some(OneEnd::Crashed)),
            end = one.run(held) => end?,
        };
        one.session.leave(PATIENCE).await?;
        Ok(Some(end))
    }
}

impl One<'_> {
    async fn hold(&self, new: Option<OneJob>) -> Result<Option<OneJob>> {
        let worker = self.session.name().ok_or(Error::Closed)?;
        let now = clock::now().timestamp_millis();
        match new {
            Some(new) => {
                self.pump.store.hold_new(worker, self.id, &new, now).await?;
                Ok(Some(new))
            }
            None => self.pump.store.hold_waiting(worker, self.id, now).await,
        }
    }

    async fn run(&mut self, held: OneJob) -> Result<OneEnd> {
        let worker = self.session.name().cloned().ok_or(Error::Closed)?;
        let (_name, name) = watch::channel(worker);
        let mut maker = RunMaker::new(self.pump, name);
        let now = u64::try_from(clock::now().timestamp_millis()).unwrap_or_default();
        maker.answered(now, self.pump.store.own_dead_letter().await?);
        let OneJob { record, tries: Tries { attempts, snoozes, due }, stalls } = held;
        let history = History { attempts, snoozes, stalls, misses: 0, expired: false, due };
        match maker.intake(Some(&record), history) {
            Intake::Run { record, policy, handler: entry } => {
                let ready_at = maker.ready_at(&record, history);
                let (id, policy) = (self.id.clone(), policy.with_result());
                let job = Accepted { id, record, policy, entry, ready_at, pass: None };
                self.run_accepted(&maker, job).await
            }
            Intake::Reject(rejection) => {
                let (decision, _) = maker.reject(self.id, record, rejection);
                self.settle(RunEnd { decision, times: None }).await
            }
            Intake::Return { delay, end, .. } => {
                let decision = Decision { end, ..Decision::released(delay) };
                self.settle(RunEnd { decision, times: None }).await
            }
        }
    }

    async fn run_accepted(&mut self, maker: &RunMaker, job: Accepted) -> Result<OneEnd> {
        let cancellation = Cancellation::default();
        let run = maker.make(job, 0, cancellation.clone());
        if !run.is_at_most_once() {
            let end = self.alive(run.go(), &cancellation).await;
            return self.settle(end).await;
        }
        let end = Transition::Completed { keep: Keep::NONE, outcome: Vec::new() };
        let first = Settlement { id: self.id.clone(), end, effects: Vec::new() };
        if !self.tell(&first, Duration::ZERO).await? {
            return Ok(OneEnd::Lost);
        }
        let mut end = run.go().await;
        let settled = OneSettled::of(&mut end.decision);
        self.concluded(&mut end);
        Ok(settled)
    }

    /// A run, and heartbeats meanwhile.
    async fn alive<T>(&self, run: impl Future<Output = T>, cancellation: &Cancellation) -> T {
        let mut run = Box::pin(run);
        let (lease, mut lost) = (self.session.lease(), false);
        loop {
            if let Ok(end) = timeout(lease / 3, &mut run).await {
                return end;
            }
            if let Some(worker) = self.session.name().filter(|_| !lost) {
                let beat = Heartbeat { worker, lease, heard: true };
                match self.pump.store.call(&beat).await {
                    Ok(marked) => {
                        marked.iter().for_each(|it| cancellation.request(&it.mark.reason))
                    }
                    Err(error) if error.is_lease_lost() => {
                        lost = true;
                        cancellation.lose();
                    }
                    Err(_) => {}
                }
            }
        }
    }

    async fn settle(&mut self, mut end: RunEnd) -> Result<OneEnd> {
        let settled = OneSettled::of(&mut end.decision);
        self.concluded(&mut end);
        let throttle = end.decision.throttle;
        let settlement = end.decision.into_settlement(self.id.clone());
        let told = self.tell(&settlement, throttle).await?;
        Ok(if told { settled } else { OneEnd::Lost })
    }

    /// Hooks and subscribers hear of it.
    fn concluded(&self, end: &mut RunEnd) {
        let PumpConfig { telemetry, store, .. } = self.pump;
        let mut telemetry = QueueTelemetry::new(telemetry.clone(), store.clone(), 1);
        telemetry.concluded(self.id, None, &mut end.decision, end.times);
    }

    /// Tells Redis what becomes of the job, and waits until what follows elsewhere has arrived.
    /// False if the lease was lost.
    async fn tell(&mut self, settlement: &Settlement, throttle: Duration) -> Result<bool> {
        let (queue, relays) = (self.pump.store.name(), self.pump.client.relays());
        let (rooms, settlements) = (Rooms::default(), slice::from_ref(settlement));
        let mut retries = Retries::within(PATIENCE);
        loop {
            let step = Step { held: 1, want: 0, throttle, rooms: &rooms, settlements };
            match self.session.advance(step).await {
                Ok(_) => break,
                Err(error) if error.is_lease_lost() => return Ok(false),
                Err(error) => retries.wait_or(error).await?,
            }
            // Was the call carried out?
            if self.session.join(slice::from_ref(self.id)).await.is_ok_and(|kept| kept.is_empty()) {
                break;
            }
        }
        if !settlement.effects.is_empty() {
            relays.send(queue, settlement.effects.iter().cloned());
            relays.relay(queue).await?;
        }
        Ok(true)
    }
}

impl OneSettled {
    fn of(decision: &mut Decision) -> OneEnd {
        OneEnd::Settled(Box::new(Self {
            end: decision.end.clone(),
            failure: decision.failure.clone(),
            dead_letter: decision.dead_letter.clone(),
            throttle: decision.throttle,
        }))
    }

    /// The outcome, as it was written.
    pub(crate) fn outcome(&self) -> Option<Bytes> {
        match &self.end {
            Transition::Completed { outcome, .. } | Transition::Failed { outcome, .. } => {
                Some(Bytes::from(outcome.clone()))
            }
            _ => None,
        }
    }
}
