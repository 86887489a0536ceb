//! The pump: one for each queue of a worker.
//!
//! ```text
//! loop { wait for a reason → let outcomes gather → turn (one call) → start what was fetched }
//! ```
//!
//! Its parts, from below: [`session`] (the name and the lease), [`slots`] (the jobs and their runs),
//! [`pending`] (what the next call tells), [`schedule`] (when to make it), [`wake`] (the wake token), [`turn`]
//! (the call), and [`jobs`] (from a fetched job to its settlement).

mod at_most_once;
mod drain;
mod held;
mod inline_poll;
mod jobs;
pub(crate) mod lease;
mod pending;
mod schedule;
mod session;
mod slots;
mod turn;
mod wake;

use std::sync::Arc;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tracing::{debug, info};

use self::{
    drain::{Drain, GRACE, gave_up},
    jobs::Jobs,
    lease::Lease,
    schedule::{Next, Schedule, View, Wait},
    session::KeptSession,
    turn::Answer,
    wake::{WakeListener, Woken},
};
use super::{
    config::Config, registry::Registry, signals::Phase, states::States, telemetry::Telemetry,
};
use crate::{
    error::{Error, Refused, Result},
    outbox::Relays,
    store::QueueStore,
};

/// The settings of a pump.
#[derive(Clone)]
pub(crate) struct PumpConfig {
    pub(crate) store: QueueStore,
    pub(crate) registry: Arc<Registry>,
    pub(crate) config: Arc<Config>,
    pub(crate) states: Arc<States>,
    pub(crate) telemetry: Telemetry,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) lease: Arc<Lease>,
    pub(crate) relays: Relays,
}

/// The loop of a worker on one queue.
pub(crate) struct Pump {
    config: PumpConfig,
    session: KeptSession,
    jobs: Jobs,
    schedule: Schedule,
    wake: WakeListener,
}

impl Pump {
    pub(crate) fn new(config: PumpConfig) -> Self {
        let session = KeptSession::new(&config);
        let jobs = Jobs::new(&config, session.follow_name());
        let wake = WakeListener::spawn(&config.store);
        Self { config, session, jobs, schedule: Schedule::new(), wake }
    }

    /// Works until the phase says otherwise. An error is one that no retry can mend.
    pub(crate) async fn run(mut self) -> Result<()> {
        self.join(None).await?;
        let queue = self.config.store.name().clone();
        info!(%queue, handlers = ?self.config.registry.names(), "working");
        let mut drain = Drain::default();
        loop {
            self.wait().await?;
            self.jobs.gather(&mut self.schedule).await;
            if let Phase::Draining(deadline) = self.phase() {
                self.jobs.start_fresh(&mut self.schedule);
                self.jobs.release_waiting();
                if self.jobs.slots.is_empty() {
                    break;
                }
                self.jobs.drain(drain.step(deadline, Instant::now()));
            }
            self.turn().await?;
            let response = self.config.store.response_limit();
            if gave_up(self.phase(), response, Instant::now()) {
                break;
            }
        }
        self.jobs.tell_rest().await;
        self.session.leave().await;
        self.config.relays.finish(&queue, GRACE * 2).await;
        Ok(())
    }

    /// Waits until there is a reason for a turn, or the worker drains.
    async fn wait(&mut self) -> Result<()> {
        loop {
            self.session.step();
            self.jobs.tell();
            let Next::Sleep { until, wait } = self.schedule.next(&self.view()) else {
                return Ok(());
            };
            if self.jobs.slots.has_fresh() {
                self.jobs.start_fresh(&mut self.schedule);
                continue;
            }
            match wait {
                Wait::Nothing => {}
                Wait::ForToken => self.wake.wait(None),
                Wait::ForJobs { want } => self.wake.wait(self.session.fetch(want)),
            }
            tokio::select! {
                Some(report) = self.jobs.slots.next_report() => {
                    self.jobs.note(report, &mut self.schedule);
                }
                woken = self.wake.next(), if self.wake.is_waiting() => self.woken(woken).await?,
                _ = self.config.phase.changed() => {
                    self.schedule.ready();
                    if self.phase() == Phase::Paused && self.wake.is_fetching() {
                        self.join(None).await?;
                    }
                }
                () = self.session.lost() => self.schedule.lose_lease(),
                () = sleep_until(until) => {
                    self.schedule.slept(Instant::now(), self.wake.is_fetching());
                }
            }
            if matches!(self.phase(), Phase::Draining(_)) {
                return Ok(());
            }
        }
    }

    async fn woken(&mut self, woken: Woken) -> Result<()> {
        match woken {
            Woken::Turn(Ok(turn), want) => {
                self.answered(Answer { turn, want, settled: Vec::new() });
            }
            Woken::Turn(Err(error), _) => return self.join(Some(error)).await,
            Woken::ForToken(_) if self.schedule.want(&self.view()) > 0 => self.schedule.ready(),
            // The token came for a job that this pump can't take: another worker should.
            Woken::ForToken(true) => {
                if let Err(error) = self.session.pass_on_token().await {
                    debug!(%error, "the wake token could not be put back");
                }
            }
            Woken::ForToken(false) => {}
        }
        Ok(())
    }

    /// One call: settle what has ended, fetch what fits.
    async fn turn(&mut self) -> Result<()> {
        if self.wake.is_fetching() {
            // Its answer would be about another time than this call's.
            return self.join(None).await;
        }
        if self.schedule.take_lease_lost() {
            self.jobs.start_fresh(&mut self.schedule);
            return self.join(Some(Refused::LeaseLost.into())).await;
        }
        let want = self.schedule.want(&self.view());
        match turn::make(&self.session, &mut self.jobs, &mut self.schedule, want).await {
            Ok(answer) => self.answered(answer),
            // Joining anew finds out whether the call was carried out.
            Err(error) => self.join(Some(error)).await?,
        }
        Ok(())
    }

    fn answered(&mut self, Answer { turn, want, settled }: Answer) {
        self.schedule.answered(&turn, want, Instant::now());
        let relays = turn.effects;
        self.jobs.fetched(turn);
        if relays {
            let effects = settled.into_iter().flat_map(|settled| settled.effects);
            self.config.relays.send(self.config.store.name(), effects);
        }
        self.session.renewed(self.jobs.slots.holds());
    }

    /// Joins under a new name, and finds out what is held: at the start, when the lease was lost, and when it
    /// isn't known whether a call was carried out.
    async fn join(&mut self, cause: Option<Error>) -> Result<()> {
        if self.wake.is_fetching() {
            // The answer to its fetch isn't needed any more: that of the join says what it has brought.
            self.wake = WakeListener::spawn(&self.config.store);
        }
        let lost = matches!(cause, Some(Error::Refused(Refused::LeaseLost)));
        let known = self.jobs.slots.ids();
        let joined = self.session.join(cause.filter(|_| !lost), &known).await?;
        if let Some(holding) = joined {
            self.jobs.reconcile(holding, lost, &mut self.schedule);
            self.session.keep(self.jobs.slots.holds());
            self.schedule.ready();
        }
        Ok(())
    }

    fn phase(&self) -> Phase {
        *self.config.phase.borrow()
    }

    fn view(&self) -> View {
        let Jobs { slots, pending, .. } = &self.jobs;
        View {
            now: Instant::now(),
            phase: self.phase(),
            demand: self.config.registry.demand(),
            room: slots.room(pending.len()),
            capacity: slots.capacity(),
            pending: !pending.is_empty(),
            empty: slots.is_empty(),
            idle: slots.is_idle(),
        }
    }
}
