//! What a pump waits for between turns.

use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::{
    GRACE, Mood, Pump,
    wake::{Fetch, Heard, LONGEST_SLEEP},
};
use crate::{
    error::Result,
    store::worker::Turn,
    worker::{run::Appetite, signals::Phase},
};

impl Pump {
    /// Waits until there is a reason for a turn.
    pub(crate) async fn wait(&mut self) -> Result<()> {
        loop {
            self.parts.lease.step();
            self.meter.running(self.held.running());
            self.tell();
            if self.has_reason() {
                return Ok(());
            }
            if !self.fresh.is_empty() {
                self.start_fresh();
                continue;
            }
            let asking = self.phase() == Phase::Working && self.room() > 0;
            let tick = Instant::now() + LONGEST_SLEEP;
            let until = match self.mood {
                Mood::Resting(until) | Mood::Limited(until) if asking => until.min(tick),
                _ => match self.phase() {
                    Phase::Draining(deadline) if deadline > Instant::now() => deadline.min(tick),
                    Phase::Draining(_) => Instant::now() + GRACE / 10,
                    _ => tick,
                },
            };
            let until = self.expires.map_or(until, |expires| expires.min(until));
            if asking && matches!(self.mood, Mood::Resting(_)) {
                let fetch = self.fetch_along();
                self.listener.listen(fetch);
            }
            tokio::select! {
                Some(finished) = self.reports.recv() => self.note(finished),
                heard = self.listener.hear(), if self.listener.is_listening() => self.heard(heard).await?,
                _ = self.parts.phase.changed() => {
                    self.mood = Mood::Hungry;
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
        let idle = self.held.slots() == 0 && self.promised.is_empty() && self.outcomes.is_empty();
        let any = matches!(self.parts.registry.appetite(), Appetite::Any);
        (idle && any && self.quiet).then(|| Fetch {
            worker: self.worker.borrow().clone(),
            lease: self.parts.config.lease,
            want: self.want(),
        })
    }

    fn has_reason(&self) -> bool {
        !self.outcomes.is_empty()
            || self.lease_lost
            || self.expires.is_some_and(|expires| expires <= Instant::now())
            || !self.hold.is_zero()
            || (self.mood == Mood::Hungry && self.want() > 0)
            || (self.held.is_empty() && matches!(self.phase(), Phase::Draining(_)))
    }

    /// The token came, or for a while did not, or jobs came with it.
    async fn heard(&mut self, heard: Heard) -> Result<()> {
        let token = match heard {
            Heard::Token(token) => token,
            Heard::Turn(turn, want) => return self.fetched(turn, want).await,
        };
        if self.want() > 0 {
            self.mood = Mood::Hungry;
        } else if token {
            // It came for a job that this pump can't take: somebody else should.
            if let Err(error) = self.parts.store.call(&crate::store::worker::Wake).await {
                debug!(%error, "the wake token could not be put back; others look by themselves soon");
            }
        }
        Ok(())
    }

    fn woke(&mut self) {
        let now = Instant::now();
        // A fetch that was sent along looks by itself.
        if !self.listener.is_fetching()
            && let Mood::Resting(until) | Mood::Limited(until) = self.mood
            && until <= now
        {
            self.mood = Mood::Hungry;
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
