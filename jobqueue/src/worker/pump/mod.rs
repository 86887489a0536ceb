//! The pump: one for each queue of a worker.
//!
//! ```text
//! loop { wait for a reason → let outcomes gather → turn (one call) → start what was fetched }
//! ```
//!
//! Its parts: [`session`] (the name and the lease), [`slots`] (the jobs and their runs),
//! [`pending`] (what the next call tells), [`schedule`] (when to make it), [`wake`] (the wake
//! token), [`turn`] (the call), [`supply`] (how many jobs it can take). [`jobs`] leads a job through them: fetched → intake → run →
//! concluded → settled.

mod at_most_once;
mod cancels;
mod config;
mod drain;
mod gathering;
mod held;
mod inline_poll;
mod intake;
mod jobs;
pub(crate) mod lease;
#[cfg(feature = "testing")]
mod one;
mod pending;
mod schedule;
mod seated;
mod session;
mod slots;
mod supply;
mod turn;
mod wake;

pub(crate) use config::PumpConfig;
#[cfg(feature = "testing")]
pub(crate) use one::{OneEnd, OneSettled};

use tokio::time::{Instant, sleep_until};
use tracing::info;

use self::{
    drain::{Drain, gave_up},
    jobs::Jobs,
    schedule::{Next, Schedule},
    session::KeptSession,
    turn::Answer,
    wake::{WakeListener, Woken},
};
use super::signals::Phase;
use crate::error::{Error, Result};

/// The loop of a worker on one queue.
pub(crate) struct Pump {
    config: PumpConfig,
    session: KeptSession,
    jobs: Jobs,
    schedule: Schedule,
    wake: WakeListener,
}

impl From<PumpConfig> for Pump {
    /// Makes the parts. Nothing is sent yet.
    fn from(config: PumpConfig) -> Self {
        let session = KeptSession::new(&config);
        let jobs = Jobs::new(&config, session.follow_name());
        let wake = WakeListener::spawn(&config.store);
        Self { config, session, jobs, schedule: Schedule::new(), wake }
    }
}

impl Pump {
    /// Works until the phase says otherwise. An error is one that no retry can mend.
    pub(crate) async fn run(mut self) -> Result<()> {
        self.join(None).await?;
        let PumpConfig { store, registry, .. } = &self.config;
        info!(queue = %store.name(), handlers = ?registry.names(), "working");
        let (response_limit, mut drain) = (store.response_limit(), Drain::default());
        loop {
            self.wait().await?;
            self.jobs.gather(&mut self.schedule).await;
            if let Phase::Draining(deadline) = self.jobs.phase()
                && !self.jobs.drain(&mut drain, deadline, &mut self.schedule)
            {
                break;
            }
            self.turn().await?;
            if gave_up(self.jobs.phase(), response_limit, Instant::now()) {
                break;
            }
        }
        self.jobs.tell_rest().await;
        self.session.leave(&mut self.wake).await;
        Ok(())
    }

    /// Waits until there is a reason for a turn, or the worker drains.
    async fn wait(&mut self) -> Result<()> {
        loop {
            self.session.step();
            self.jobs.tell(&mut self.schedule);
            // Only this pump may know what falls due next: another must look now.
            match self.schedule.stops_looking(&self.jobs.view()) {
                true if self.wake.is_fetching() => self.join(None).await?,
                true => self.session.hand_over(&mut self.wake).await,
                false => {}
            }
            let Next::Sleep { until, wait } = self.schedule.next(&self.jobs.view()) else {
                return Ok(());
            };
            if self.jobs.slots.has_fresh() {
                self.jobs.start_fresh(&mut self.schedule);
                continue;
            }
            self.session.start_wait(wait, &mut self.wake, || self.jobs.rooms());
            let fetching = self.wake.is_fetching();
            let until = self.session.sleeps(self.jobs.sleeps(until, fetching));
            tokio::select! {
                biased;
                Some(report) = self.jobs.slots.next_report() => {
                    self.jobs.note(report, &mut self.schedule);
                }
                woken = self.wake.next(), if self.wake.is_waiting() => self.woken(woken).await?,
                _ = self.config.phase.changed() => self.schedule.ready(),
                () = self.session.lost() => self.schedule.lose_lease(),
                marked = self.session.marked() => self.jobs.cancel(&marked, &mut self.schedule),
                () = sleep_until(until) => self.schedule.slept(&self.jobs.view(), fetching),
            }
            if matches!(self.jobs.phase(), Phase::Draining(_)) {
                return Ok(());
            }
        }
    }

    async fn woken(&mut self, woken: Woken) -> Result<()> {
        match woken {
            Woken::Turn { turn, want, .. } => self.answered(Answer::to_fetch(turn, want)).await?,
            Woken::ForToken(token) if self.schedule.want(&self.jobs.view()) > 0 => {
                self.schedule.ready();
                if token && self.schedule.passes_on_token(Instant::now()) {
                    self.session.pass_on_token().await;
                }
            }
            // The token came for a job that this pump can't take: another worker should.
            Woken::ForToken(true) => self.session.hand_over(&mut self.wake).await,
            Woken::ForToken(false) => {}
            Woken::Refused(error) => self.session.polls(&error),
        }
        Ok(())
    }

    /// One call: settle what has ended, fetch what fits.
    async fn turn(&mut self) -> Result<()> {
        // The fetch's answer is of another time than this call's.
        if self.wake.is_fetching() || self.session.must_join() {
            return self.join(None).await;
        }
        if self.schedule.take_lease_lost() {
            self.jobs.start_fresh(&mut self.schedule);
            return self.join(Some(self.session.lease_lost())).await;
        }
        let answer = turn::make(&self.session, &mut self.jobs, &mut self.schedule).await;
        self.answered(answer).await
    }

    async fn answered(&mut self, answer: Result<Answer>) -> Result<()> {
        let (session, jobs) = (&self.session, &mut self.jobs);
        match answer {
            Ok(answer) => turn::follow_up(answer, session, jobs, &mut self.schedule).await,
            // Joining anew finds out whether the call was carried out.
            Err(error) => self.join(Some(error)).await?,
        }
        Ok(())
    }

    /// Joins under a new name, and finds out what is still held, where that isn't known.
    async fn join(&mut self, cause: Option<Error>) -> Result<()> {
        let lost = cause.as_ref().is_some_and(Error::is_lease_lost);
        let known = self.jobs.known(&mut self.schedule);
        if let Some(kept) = self.session.join(cause.filter(|_| !lost), &known).await? {
            self.jobs.reconcile(kept, lost, &mut self.schedule);
            self.session.keep(self.jobs.slots.holds());
            self.schedule.ready();
            if self.wake.is_fetching() {
                // Its fetch is refused now, or the join has given back what it brought.
                self.session.hand_over(&mut self.wake).await;
            }
        }
        Ok(())
    }
}
