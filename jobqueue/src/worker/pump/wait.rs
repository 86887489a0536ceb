//! What a pump waits for between turns.

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::{
    FetchState, GRACE, Pump,
    wake::{Fetch, MAX_SLEEP, Woken},
};
use crate::{
    error::Result,
    error_chain::chain,
    store::worker::Turn,
    worker::{run::Demand, signals::Phase},
};

impl Pump {
    /// Waits until there is a reason for a turn.
    pub(crate) async fn wait(&mut self) -> Result<()> {
        loop {
            self.parts.lease.step();
            self.meter.running(self.slots.running());
            self.tell();
            if self.has_reason() {
                return Ok(());
            }
            if !self.fresh.is_empty() {
                self.start_fresh();
                continue;
            }
            let asking = self.phase() == Phase::Working && self.room() > 0;
            let tick = Instant::now() + MAX_SLEEP;
            let until = match self.fetch_state {
                FetchState::Idle(until) | FetchState::Throttled(until) if asking => until.min(tick),
                _ => match self.phase() {
                    Phase::Draining(deadline) if deadline > Instant::now() => deadline.min(tick),
                    Phase::Draining(_) => Instant::now() + GRACE / 10,
                    _ => tick,
                },
            };
            let until = self.expires.map_or(until, |expires| expires.min(until));
            if asking && matches!(self.fetch_state, FetchState::Idle(_)) {
                let fetch = self.fetch_along();
                self.listener.wait(fetch);
            }
            tokio::select! {
                Some(finished) = self.reports.recv() => self.note(finished),
                woken = self.listener.next(), if self.listener.is_waiting() => self.woken(woken).await?,
                _ = self.parts.phase.changed() => {
                    self.fetch_state = FetchState::Ready;
                    if self.phase() == Phase::Paused && self.listener.is_fetching() {
                        self.join(None).await?;
                    }
                }
                () = self.parts.lease.lost() => self.lease_lost = true,
                () = sleep_until(until) => self.woke(),
            }
            if matches!(self.phase(), Phase::Draining(_)) {
                return Ok(());
            }
        }
    }

    /// The fetch of a pump that has nothing else to do before it is heard of.
    fn fetch_along(&self) -> Option<Fetch> {
        let idle = self.slots.slots() == 0 && self.awaiting.is_empty() && self.outcomes.is_empty();
        let any = matches!(self.parts.registry.demand(), Demand::Any);
        (idle && any && self.nothing_due).then(|| Fetch {
            worker: self.worker.borrow().clone(),
            lease: self.parts.config.lease,
            want: self.want(),
        })
    }

    fn has_reason(&self) -> bool {
        !self.outcomes.is_empty()
            || self.lease_lost
            || self.expires.is_some_and(|expires| expires <= Instant::now())
            || !self.throttle.is_zero()
            || (self.fetch_state == FetchState::Ready && self.want() > 0)
            || (self.slots.is_empty() && matches!(self.phase(), Phase::Draining(_)))
    }

    /// The token came, or for a while did not, or jobs came with it.
    async fn woken(&mut self, woken: Woken) -> Result<()> {
        let token = match woken {
            Woken::ForToken(token) => token,
            Woken::Turn(turn, want) => return self.fetched(turn, want).await,
        };
        if self.want() > 0 {
            self.fetch_state = FetchState::Ready;
        } else if token {
            // It came for a job that this pump can't take: somebody else should.
            if let Err(error) = self.parts.store.call(&crate::store::worker::Wake).await {
                debug!(error = %chain(&error), "the wake token could not be put back; others look by themselves soon");
            }
        }
        Ok(())
    }

    fn woke(&mut self) {
        let now = Instant::now();
        // A fetch that was sent along looks by itself.
        if !self.listener.is_fetching()
            && let FetchState::Idle(until) | FetchState::Throttled(until) = self.fetch_state
            && until <= now
        {
            self.fetch_state = FetchState::Ready;
        }
    }

    /// An idle pump's fetch, which went with its wait for the token, has come back.
    async fn fetched(&mut self, turn: Result<Turn>, want: usize) -> Result<()> {
        match turn {
            Ok(turn) => {
                if turn.effects {
                    self.parts.relays.send(self.parts.store.name(), std::iter::empty());
                }
                self.digest(turn, want);
                self.parts.lease.renewed(self.holds());
                Ok(())
            }
            Err(error) => self.join(Some(error)).await,
        }
    }
}
