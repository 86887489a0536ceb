//! The session of a pump: kept up by heartbeats, and joined again whenever it isn't known what is
//! held.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, error::Elapsed, timeout},
};
use tracing::{debug, warn};

use super::{
    config::PumpConfig,
    lease::Lease,
    schedule::Wait,
    wake::{Fetch, WakeListener},
};
use crate::{
    clock,
    error::{Error, Refused, Result},
    error_chain::chain,
    job::{Effect, JobId, QueueName, WorkerCard, WorkerId, WorkerState},
    outbox::Relays,
    session::{Session, Step},
    store::{
        Marked, Retries, millis,
        worker::{CodeLimits, Heartbeat, Identify, Rooms, Taken, Turn},
    },
    task::boxed,
    worker::{signals::Phase, telemetry::Telemetry, ticks::TellTicks},
};

/// How long a pump that ends tries to give its lease back, and waits for its relay.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long each step of handing over may take: longer, and the outcomes of runs would wait.
const HAND_OVER_TIMEOUT: Duration = Duration::from_millis(500);

/// A session with heartbeats.
pub(super) struct KeptSession {
    session: Session,
    /// Who this is, for operators.
    card: WorkerCard,
    /// Where dead letters go.
    letters: BTreeSet<QueueName>,
    /// The name under which jobs are held, for the runs.
    name: watch::Sender<WorkerId>,
    lease: Arc<Lease>,
    phase: watch::Receiver<Phase>,
    telemetry: Telemetry,
    relays: Relays,
    ticks: TellTicks,
    /// Whether Redis refuses to let it wait for jobs, and that has been told.
    polls: bool,
}

impl KeptSession {
    pub(super) fn new(pump: &PumpConfig) -> Self {
        let config = &pump.config;
        let limits = CodeLimits { rate: config.rate, max_active: config.max_active };
        Self {
            card: card(pump),
            letters: pump.dead_letters(),
            session: Session::new(pump.store.clone(), config.lease, Some(limits)),
            name: watch::Sender::new(WorkerId::generate()),
            lease: pump.lease.clone(),
            phase: pump.phase.clone(),
            telemetry: pump.telemetry.clone(),
            relays: pump.client.relays().clone(),
            ticks: pump.ticks.clone(),
            polls: false,
        }
    }

    /// The name, as it changes.
    pub(super) fn follow_name(&self) -> watch::Receiver<WorkerId> {
        self.name.subscribe()
    }

    /// The pump is alive.
    pub(super) fn step(&mut self) {
        self.lease.step();
        if self.phase.has_changed().unwrap_or(false) {
            self.phase.mark_unchanged();
            self.tell_card();
        }
    }

    /// When a sleep that was planned until then ends. A pump that has fetched jobs and makes no call
    /// soon says that they have arrived: if its process dies, it is known then that their runs had
    /// begun. And it has somebody wait for word of jobs that it has held for as long.
    pub(super) fn sleeps(&self, until: Instant) -> Instant {
        let waits = [self.lease.confirm_in(), self.lease.listen_in()];
        let [confirms, listens] = waits.map(|wait| wait == Some(Duration::ZERO));
        if confirms && let Some(confirm) = self.confirm() {
            tokio::spawn(boxed(confirm));
        }
        if listens {
            self.lease.listen();
        }
        let waits = waits.into_iter().flatten().filter(|wait| !wait.is_zero());
        waits.map(|wait| Instant::now() + wait).fold(until, Instant::min)
    }

    /// Says so of jobs of which that wasn't known the last time, before they begin. Answers whether
    /// it is still to be said of this answer.
    pub(super) async fn confirm_lost(&self, taken: &[Taken]) -> bool {
        if taken.iter().any(|job| job.was_lost)
            && let Some(confirm) = self.confirm()
        {
            confirm.await;
            return false;
        }
        !taken.is_empty()
    }

    /// Says that all answers so far have been heard.
    fn confirm(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        self.lease.confirms();
        let worker = self.session.name().cloned()?;
        let (store, lease) = (self.session.store().clone(), self.session.lease());
        let of_pump = self.lease.clone();
        Some(async move {
            let beat = Heartbeat { worker: &worker, lease, heard: true };
            // If it fails, the next call finds out why.
            if let Ok(marked) = store.call(&beat).await {
                of_pump.tell(marked);
            }
        })
    }

    /// Whether it isn't known what is held: the connection is another than when it joined, or a drain
    /// has ended before a join was answered.
    pub(super) fn must_join(&self) -> bool {
        self.session.must_join()
    }

    /// Waits until a heartbeat finds that the lease is lost.
    pub(super) async fn lost(&self) {
        self.lease.lost().await;
    }

    /// Waits for word of jobs that are to end as cancelled.
    pub(super) async fn marked(&self) -> Vec<Marked> {
        self.lease.next_marked().await
    }

    /// The error of a session whose lease is lost.
    pub(super) fn lease_lost(&self) -> Error {
        self.session.lease_lost()
    }

    pub(super) async fn advance(&self, step: Step<'_>) -> Result<Turn> {
        self.lease.asks();
        let asked = self.lease.hold().asks();
        let turn = self.session.advance(step).await?;
        self.lease.hold().answered(asked);
        Ok(turn)
    }

    /// Tells when the first schedule is due, as a call has answered.
    pub(super) fn tell_ticks(&self, turn: &Turn) {
        self.ticks.tell(turn.more.tick, turn.now);
    }

    /// A call has moved the lease; the pump holds this many jobs now, and perhaps has yet to say that
    /// those from this call have arrived.
    pub(super) fn renewed(&self, held: usize, confirms: bool) {
        self.lease.renewed(held, confirms);
    }

    /// Has the listener wait for the token, and for jobs if the schedule says so.
    pub(super) fn start_wait(
        &self,
        wait: Wait,
        wake: &mut WakeListener,
        rooms: impl FnOnce() -> Rooms,
    ) {
        match (wait, self.session.name()) {
            (Wait::Nothing, _) => {}
            (Wait::ForJobs { want }, Some(worker)) => {
                self.lease.asks();
                let (worker, lease) = (worker.clone(), self.session.lease());
                wake.wait(Some(Fetch { worker, lease, want, rooms: rooms() }));
            }
            (Wait::ForToken | Wait::ForJobs { .. }, _) => wake.wait(None),
        }
    }

    /// Redis refuses to let the pump wait.
    pub(super) fn polls(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.polls, true) {
            self.telemetry.polling(self.session.store().name(), error);
        }
    }

    /// Puts the wake token back, for another worker.
    pub(super) async fn pass_on_token(&self) {
        let token = self.session.pass_on_token();
        self.told(timeout(HAND_OVER_TIMEOUT, token).await);
    }

    /// This pump looks no more: wakes another worker if there is a reason, and waits for the token
    /// no more.
    pub(super) async fn hand_over(&self, wake: &mut WakeListener) {
        let told =
            timeout(HAND_OVER_TIMEOUT, self.session.hand_over_looking(wake.waits_as())).await;
        if !self.told(told) {
            wake.abandon();
        } else if wake.is_waiting() && wake.ended(HAND_OVER_TIMEOUT).await {
            // It had taken the token before it was told to end.
            self.pass_on_token().await;
        }
    }

    /// Whether Redis has answered.
    fn told(&self, answer: Result<Result<()>, Elapsed>) -> bool {
        let problem = match answer {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => chain(&error).to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        debug!(problem, "no worker could be woken: others soon look by themselves");
        false
    }

    /// Relays the queue's outbox, into which these effects were just written.
    pub(super) fn relay(&self, effects: impl Iterator<Item = Effect>) {
        self.relays.send(self.session.store().name(), effects);
    }

    /// Joins under a new name, and retries until Redis answers. None if the drain is over before.
    /// Heartbeats stop until [`keep`](Self::keep).
    pub(super) async fn join(
        &mut self,
        cause: Option<Error>,
        known: &[JobId],
    ) -> Result<Option<Vec<JobId>>> {
        self.lease.keep(None);
        let mut retries = Retries::endless();
        if let Some(error) = cause {
            self.pause_after(error, &mut retries).await?;
        }
        loop {
            match self.session.join(known).await {
                Ok(kept) => {
                    if let Some(name) = self.session.name() {
                        self.name.send_replace(name.clone());
                    }
                    return Ok(Some(kept));
                }
                Err(error) => self.pause_after(error, &mut retries).await?,
            }
            if matches!(*self.phase.borrow(), Phase::Draining(end) if Instant::now() > end) {
                return Ok(None);
            }
        }
    }

    /// Waits before the next try, unless no try can help.
    async fn pause_after(&self, error: Error, retries: &mut Retries) -> Result<()> {
        self.telemetry.unavailable(self.session.store().name(), &error);
        match error {
            // The queue has the layout of another version: touch nothing.
            Error::Refused(Refused::Layout { .. }) => Err(error),
            error => {
                self.lease.step();
                retries.wait_or(error).await
            }
        }
    }

    /// Starts heartbeats for the joined name, which holds this many jobs.
    pub(super) fn keep(&self, held: usize) {
        self.lease.renewed(held, false);
        self.lease.keep(self.session.name().cloned());
        self.tell_card();
        self.list_letters();
    }

    /// Lists where dead letters go. A queue that was obliterated has lost that, and its workers join
    /// it again. Nothing waits for it either.
    fn list_letters(&self) {
        let (store, letters) = (self.session.store().clone(), self.letters.clone());
        if !letters.is_empty() {
            tokio::spawn(boxed(async move { store.list_letters(letters).await }));
        }
    }

    /// Notes who this is, and whether it is paused or drains. Nothing depends on it, so nothing
    /// waits for it.
    fn tell_card(&self) {
        let Some(worker) = self.session.name().cloned() else { return };
        let state = match *self.phase.borrow() {
            Phase::Working => WorkerState::Working,
            Phase::Paused => WorkerState::Paused,
            Phase::Draining(_) => WorkerState::Draining,
        };
        let (store, card) =
            (self.session.store().clone(), WorkerCard { state, ..self.card.clone() });
        tokio::spawn(boxed(async move {
            let identify = Identify { worker: &worker, card: &card };
            if let Err(error) = store.call(&identify).await {
                debug!(queue = %store.name(), error = %chain(&error), "not noted who this worker is");
            }
        }));
    }

    /// Gives back the lease and what is held, and waits a moment until effects are relayed. The
    /// wait for the token ends, or the token might go to one that has left; a fetch behind it is
    /// refused by then.
    pub(super) async fn leave(&mut self, wake: &mut WakeListener) {
        self.lease.keep(None);
        if let Err(error) = self.session.leave(LEAVE_TIMEOUT).await {
            let queue = self.session.store().name();
            warn!(%queue, error = %chain(&error), "left without giving the lease back: it runs out by itself");
        }
        if wake.is_waiting() {
            self.hand_over(wake).await;
        }
        self.relays.finish(self.session.store().name(), LEAVE_TIMEOUT).await;
    }
}

fn card(pump: &PumpConfig) -> WorkerCard {
    let PumpConfig { config, registry, client, .. } = pump;
    let mut handlers: Vec<String> = registry.names().into_iter().map(str::to_owned).collect();
    handlers.sort();
    WorkerCard {
        instance: config.instance.as_ref().map(ToString::to_string).unwrap_or_default(),
        release: client.process().release(),
        process: client.process().clone(),
        since_ms: clock::now().timestamp_millis(),
        lease_ms: millis(config.lease),
        handlers,
        slots: config.capacity.concurrency as u64,
        prefetch: config.capacity.prefetch as u64,
        state: WorkerState::Working,
    }
}

impl Drop for KeptSession {
    /// Heartbeats listen for a while each. Without the pump there is nothing to keep.
    fn drop(&mut self) {
        self.lease.keep(None);
    }
}
