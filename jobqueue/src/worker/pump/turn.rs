//! A turn of the pump: one call that settles and fetches, and what follows from its answer.

use std::{collections::HashSet, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{
    Mood, Pump, Runnable,
    wake::{LONGEST_SLEEP, Listener},
};
use crate::{
    error::{Error, Refused, Result},
    job::{Codec, DeadLetter, End, Inbox, JobId, Record, Settlement, WorkerId},
    settle::{Care, Ended, Terms, dead_letter, reply, rule},
    store::{
        Retries, chunks,
        worker::{Advance, CodeLimits, Holding, Join, Leave, Limit, Taken, Turn},
    },
    worker::{
        registry::Entry,
        signals::Phase,
        telemetry::{ServerClock, WorkerEvent},
    },
};

/// How much later than others a pump comes to what is due, while a job may be due that it has sent back for
/// them. All wake at the same time otherwise, and one that can't run the job may win again and again.
const HANDOVER: Duration = Duration::from_millis(300);

impl Pump {
    /// One call: settle what has ended, fetch what fits.
    pub(crate) async fn turn(&mut self) -> Result<()> {
        if self.listener.is_fetching() {
            // Its answer would be of another time than this call's.
            return self.join(None).await;
        }
        if self.lease_lost {
            self.lease_lost = false;
            self.start_fresh();
            return self.join(Some(Refused::LeaseLost.into())).await;
        }
        let count = chunks(&self.outcomes, Settlement::size).next().map_or(0, <[_]>::len);
        // What doesn't fit into this call still holds its slot until the next.
        let want = self.want().saturating_sub(self.outcomes.len() - count);
        let hold = std::mem::take(&mut self.hold);
        let mut later = self.outcomes.split_off(count);
        // As many come again, most likely.
        later.reserve(count);
        let settlements = std::mem::replace(&mut self.outcomes, later);
        let (store, worker) = (self.parts.store.clone(), self.worker.borrow().clone());
        let advance = Advance {
            worker: &worker,
            lease: self.parts.config.lease,
            held: self.holds(),
            want,
            hold,
            settlements: &settlements,
        };
        match self.ahead(store.call(&advance)).await {
            Ok(turn) => {
                let mut released = 0;
                for settled in &settlements {
                    self.settled(&settled.id);
                    released += usize::from(matches!(settled.end, End::Released { .. }));
                }
                self.meter.released(released);
                let effects = turn.effects;
                self.digest(turn, want);
                if effects {
                    let written = settlements.into_iter().flat_map(|settled| settled.effects);
                    self.parts.relays.send(self.parts.store.name(), written);
                }
                self.parts.lease.renewed(self.holds());
                Ok(())
            }
            // Whether the call was carried out or not is found out by joining anew.
            Err(error) => {
                self.outcomes.splice(..0, settlements);
                self.hold = self.hold.max(hold);
                self.join(Some(error)).await
            }
        }
    }

    /// Sends a call, and starts what the turn before it brought while it is on its way: neither Redis nor
    /// the handlers wait for the other. For the same reason a slot that gets free meanwhile takes what was
    /// fetched ahead.
    async fn ahead<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        if !self.fresh.is_empty() {
            // The call came first: now the connection's own task writes it out.
            let early = tokio::select! {
                biased;
                answer = &mut call => Some(answer),
                () = tokio::task::yield_now() => None,
            };
            self.start_fresh();
            if let Some(answer) = early {
                return answer;
            }
        }
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return answer,
                () = self.follow_up(), if self.has_queued() => {}
            }
        }
    }

    pub(crate) fn digest(&mut self, turn: Turn, want: usize) {
        let now = Instant::now();
        self.clock = Some(ServerClock::new(turn.now));
        let yields = self.yields_until.is_some_and(|until| now < until);
        let nap = turn.look_in.min(LONGEST_SLEEP) + if yields { HANDOVER } else { Duration::ZERO };
        if want > 0 {
            // What has expired comes on top of what was wanted.
            let full = turn.taken.iter().filter(|taken| !taken.expired).count() == want;
            self.mood = match turn.limit {
                Some(Limit::Rate | Limit::Held) => Mood::Limited(now + nap),
                Some(Limit::Paused | Limit::Active) => Mood::Resting(now + nap),
                None if full && turn.left > 0 => Mood::Hungry,
                None => Mood::Resting(now + nap),
            };
        }
        // A fetch that is sent along can't be taken back when something is due.
        self.quiet = turn.look_in >= LONGEST_SLEEP && !yields && turn.more.expires_in.is_none();
        self.fresh = turn.taken;
        self.expires = turn.more.expires_in.map(|wait| now + wait.min(LONGEST_SLEEP));
        self.line.note_dead_letter(turn.more.dead_letter);
    }

    /// Starts what the last turn brought.
    pub(crate) fn start_fresh(&mut self) {
        self.glance.open();
        for taken in std::mem::take(&mut self.fresh) {
            self.take(taken);
        }
        self.glance.close();
    }

    /// A job has been fetched: run it, or say why not.
    fn take(&mut self, taken: Taken) {
        let Taken { id, record, attempts, stalls, misses, expired } = taken;
        let care = self.parts.config.care;
        let mut entry = None;
        let known = |name: &str| {
            entry = self.parts.registry.get(name);
            entry.as_ref().map(|entry| entry.name.clone())
        };
        let decoded = match &record {
            Some(bytes) => {
                Record::decode_named(bytes, known).map_err(|corrupt| corrupt.to_string())
            }
            None => Err("its record is missing: somebody removed it from redis".to_owned()),
        };
        let raw = record.unwrap_or_default();
        let record = match decoded {
            Ok(record) => record,
            Err(problem) => {
                error!(queue = %self.parts.store.name(), %id, %problem, "a job can't be read");
                let terms = Terms::unknown(attempts, &care);
                return self.reject(
                    Unrun { id, terms, record: raw, entry: None, inbox: None },
                    Ended::Corrupt(problem),
                );
            }
        };
        let rules = entry.as_ref().map_or(crate::job::RunRules::DEFAULT, |entry| entry.rules);
        let terms = Terms::new(attempts, &record.options, &rules, &care);
        match fate(&record, entry, Past { stalls, misses, expired }, &care) {
            Fate::Run(entry) => {
                let fresh = attempts == 0 && stalls == 0 && misses == 0;
                let clock = self.clock.filter(|_| fresh);
                let ready_at = clock.and_then(|clock| clock.ready_at(&record));
                self.admit(Runnable { id, record, terms, entry, ready_at });
            }
            Fate::Fail(entry, why) => {
                let (entry, inbox) = (entry.as_deref(), record.options.reply_to);
                self.reject(Unrun { id, terms, record: raw, entry, inbox }, why);
            }
            Fate::Return => {
                let (name, version) = (&record.name, record.version());
                warn!(queue = %self.parts.store.name(), %id, %name, version, "no handler of this name and version here: the job goes back for a worker that has one");
                self.held.insert(&id);
                self.yields_until = Instant::now().checked_add(care.unknown_delay + 2 * HANDOVER);
                let end = End::Released { delay: care.unknown_delay, misses: Some(misses + 1) };
                self.outcomes.push(Settlement { id, end, effects: Vec::new() });
            }
        }
    }

    /// Settles a job that is not run.
    fn reject(&mut self, job: Unrun<'_>, why: Ended) {
        let Unrun { id, terms, record, entry, inbox } = job;
        self.held.insert(&id);
        let mut ruling = rule(why, &terms, Codec::default());
        if let Some(failure) = ruling.failure.take() {
            if let Some(to) = self.line.dead_letter(entry) {
                let queue = self.parts.store.name().as_str();
                let errors = Vec::new();
                let written = DeadLetter::new(queue, id.clone(), record, failure.clone(), errors);
                dead_letter::attach(&mut ruling, &written, &to);
            }
            entry.map_or(&self.meter.unknown, |entry| &entry.meter).settled(&ruling);
            self.parts.announcer.failed(&id, failure, ruling.letter.take());
        }
        if let Some(inbox) = &inbox {
            reply::attach(&mut ruling, inbox, &id);
        }
        self.outcomes.push(Settlement { id, end: ruling.end, effects: ruling.effects });
    }

    /// Joins the queue under a new name, and finds out what is held: at the start, when the lease was
    /// lost, and when a call failed of which nobody knows whether it was carried out. Tries until the
    /// server answers.
    pub(crate) async fn join(&mut self, cause: Option<Error>) -> Result<()> {
        // No heartbeat under the old name from here on.
        self.parts.lease.carry(None);
        if self.listener.is_fetching() {
            // Whether it was carried out is found out here, like of all calls of which nobody knows.
            self.listener = Listener::spawn(&self.parts.store);
        }
        let lost = matches!(cause, Some(Error::Refused(Refused::LeaseLost)));
        let mut retries = Retries::endless();
        if let Some(error) = cause.filter(|_| !lost) {
            self.complain(&error);
            self.pause_after(error, &mut retries).await?;
        }
        let former = self.worker.borrow().clone();
        // One new name for all tries: a join that is carried out twice does no harm.
        let worker = WorkerId::generate();
        let known = self.held.ids();
        let holding = loop {
            let join = Join {
                worker: &worker,
                former: Some(&former),
                lease: self.parts.config.lease,
                limits: Some(CodeLimits {
                    rate: self.parts.config.rate,
                    max_active: self.parts.config.max_active,
                }),
                known: &known,
            };
            match self.parts.store.call(&join).await {
                Ok(holding) => break holding,
                Err(error) => {
                    self.complain(&error);
                    self.pause_after(error, &mut retries).await?;
                    if matches!(self.phase(), Phase::Draining(end) if Instant::now() > end) {
                        return Ok(());
                    }
                }
            }
        };
        self.worker.send_replace(worker.clone());
        self.settle_accounts(holding, lost);
        self.parts.lease.renewed(self.held.len());
        self.parts.lease.carry(Some(worker));
        self.mood = Mood::Hungry;
        Ok(())
    }

    /// Compares what this pump believed to hold with what it does hold.
    fn settle_accounts(&mut self, holding: Holding, lost: bool) {
        let kept: HashSet<JobId> = holding.kept.into_iter().collect();
        // An outcome whose job isn't held any more was settled by the call whose reply got lost; or
        // it is refused, if the lease was.
        let ended: HashSet<JobId> =
            self.outcomes.iter().map(|settlement| settlement.id.clone()).collect();
        self.outcomes.retain(|settlement| kept.contains(&settlement.id));
        for id in self.held.ids().into_iter().filter(|id| !kept.contains(id)) {
            let alive = self.held.lose(&id);
            if lost || alive || !ended.contains(&id) {
                warn!(queue = %self.parts.store.name(), %id, "the lease on this job was lost: another worker runs it, and this run's outcome will be refused");
                self.meter.lost();
                self.parts.announcer.say(|| WorkerEvent::Lost { id });
            }
        }
        self.prune_queued();
        self.prune_promised();
        for taken in holding.found {
            self.take(taken);
        }
        let queue = self.parts.store.name().clone();
        info!(%queue, held = self.held.len(), "joined");
        self.parts.announcer.say(|| WorkerEvent::Recovered { queue });
    }

    fn complain(&self, error: &Error) {
        let queue = self.parts.store.name().clone();
        warn!(%queue, %error, "a call failed; trying on");
        let reason = error.to_string();
        self.parts.announcer.say(|| WorkerEvent::Unavailable { queue, reason });
    }

    /// Waits before the next try, unless no try can help.
    async fn pause_after(&mut self, error: Error, retries: &mut Retries) -> Result<()> {
        match error {
            // Of another version: touch nothing.
            Error::Refused(Refused::Layout { .. }) => Err(error),
            error => {
                self.parts.lease.step();
                retries.wait_or(error).await
            }
        }
    }

    /// Gives the lease back.
    pub(crate) async fn leave(&mut self) {
        self.parts.lease.carry(None);
        let worker = self.worker.borrow().clone();
        let mut retries = Retries::within(Duration::from_secs(2));
        loop {
            match self.parts.store.call(&Leave { worker: &worker }).await {
                // More than one call can take back; the lease goes with the last.
                Ok(step) if step >= crate::store::MAX_BATCH as u64 => {}
                Ok(_) => return,
                Err(error) => {
                    if let Err(error) = retries.wait_or(error).await {
                        warn!(queue = %self.parts.store.name(), %error, "left without giving the lease back: it runs out by itself");
                        return;
                    }
                }
            }
        }
    }
}

/// What becomes of a job that was fetched.
enum Fate {
    Run(Arc<Entry>),
    /// It fails without a run; its handler has a say in where it goes.
    Fail(Option<Arc<Entry>>, Ended),
    /// Back for a worker that knows it.
    Return,
}

/// What a job has gone through before it was fetched.
#[derive(Clone, Copy)]
struct Past {
    /// How often its workers died or lost their lease.
    stalls: u32,
    /// How often it met workers that don't know it.
    misses: u32,
    /// Whether it has waited for too long.
    expired: bool,
}

/// Decides by what is known before a run.
fn fate(record: &Record, entry: Option<Arc<Entry>>, past: Past, care: &Care) -> Fate {
    let Past { stalls, misses, expired } = past;
    let known = entry.as_ref().map(|entry| entry.version);
    match entry {
        entry if expired => Fate::Fail(entry, Ended::Expired),
        entry if stalls > care.max_stalls => Fate::Fail(entry, Ended::Stalled(stalls)),
        Some(entry) if record.version() <= entry.version => Fate::Run(entry),
        entry if misses >= care.unknown_limit => Fate::Fail(entry, Ended::unknown(record, known)),
        _ => Fate::Return,
    }
}

/// A job that was fetched and is not run.
struct Unrun<'a> {
    id: JobId,
    terms: Terms,
    /// As it stands in Redis.
    record: Bytes,
    entry: Option<&'a Entry>,
    /// Who waits for its outcome.
    inbox: Option<Inbox>,
}
