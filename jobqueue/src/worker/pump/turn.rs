//! A turn of the pump: one call that settles and fetches, and what follows from its answer.

use std::{collections::HashSet, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::{
    FetchState, Fetched, Pump,
    wake::{MAX_SLEEP, WakeListener},
};
use crate::{
    error::{Error, Operation, Refused, Result},
    error_chain::chain,
    job::{Codec, DeadLetter, JobId, Record, ReplyAddress, Settlement, Transition, WorkerId},
    settle::{JobDefaults, RunOutcome, RunPolicy, dead_letter, decide, reply},
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
            let operation = Operation::on_queue("keep the lease", self.parts.store.name());
            return self.join(Some(Refused::LeaseLost { operation }.into())).await;
        }
        let count = chunks(&self.outcomes, Settlement::size).next().map_or(0, <[_]>::len);
        // What doesn't fit into this call still holds its slot until the next.
        let want = self.want().saturating_sub(self.outcomes.len() - count);
        let throttle = std::mem::take(&mut self.throttle);
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
            throttle,
            settlements: &settlements,
        };
        match self.ahead(store.call(&advance)).await {
            Ok(turn) => {
                let mut released = 0;
                for settled in &settlements {
                    self.settled(&settled.id);
                    released += usize::from(matches!(settled.end, Transition::Released { .. }));
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
                self.throttle = self.throttle.max(throttle);
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
        let nap = turn.look_in.min(MAX_SLEEP) + if yields { HANDOVER } else { Duration::ZERO };
        if want > 0 {
            // What has expired comes on top of what was wanted.
            let full = turn.taken.iter().filter(|taken| !taken.expired).count() == want;
            self.fetch_state = match turn.limit {
                Some(Limit::Rate | Limit::Throttled) => FetchState::Throttled(now + nap),
                Some(Limit::Paused | Limit::Active) => FetchState::Idle(now + nap),
                None if full && turn.left > 0 => FetchState::Ready,
                None => FetchState::Idle(now + nap),
            };
        }
        // A fetch that is sent along can't be taken back when something is due.
        self.nothing_due = turn.look_in >= MAX_SLEEP && !yields && turn.more.expires_in.is_none();
        self.fresh = turn.taken;
        self.expires = turn.more.expires_in.map(|wait| now + wait.min(MAX_SLEEP));
        self.line.note_dead_letter(turn.more.dead_letter);
    }

    /// Starts what the last turn brought.
    pub(crate) fn start_fresh(&mut self) {
        self.inline_poll.open();
        for taken in std::mem::take(&mut self.fresh) {
            self.take(taken);
        }
        self.inline_poll.close();
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
                Record::decode_named(bytes, known).map_err(|corrupt| chain(&corrupt).to_string())
            }
            None => Err("its record is missing: somebody removed it from redis".to_owned()),
        };
        let raw = record.unwrap_or_default();
        let record = match decoded {
            Ok(record) => record,
            Err(problem) => {
                error!(queue = %self.parts.store.name(), %id, %problem, "a job can't be read");
                let run_policy = RunPolicy::unknown(attempts, &care);
                return self.reject(
                    Rejected { id, run_policy, record: raw, entry: None, inbox: None },
                    RunOutcome::Corrupt(problem),
                );
            }
        };
        let rules = entry.as_ref().map_or(crate::job::RunRules::DEFAULT, |entry| entry.rules);
        let run_policy = RunPolicy::new(attempts, &record.options, &rules, &care);
        match intake(&record, entry, History { stalls, misses, expired }, &care) {
            Intake::Run(entry) => {
                let fresh = attempts == 0 && stalls == 0 && misses == 0;
                let clock = self.clock.filter(|_| fresh);
                let ready_at = clock.and_then(|clock| clock.ready_at(&record));
                self.admit(Fetched { id, record, run_policy, entry, ready_at });
            }
            Intake::Fail(entry, why) => {
                let (entry, inbox) = (entry.as_deref(), record.options.reply_to);
                self.reject(Rejected { id, run_policy, record: raw, entry, inbox }, why);
            }
            Intake::Return => {
                let (name, version) = (&record.name, record.version());
                warn!(queue = %self.parts.store.name(), %id, %name, version, "no handler of this name and version here: the job goes back for a worker that has one");
                self.slots.insert(&id);
                self.yields_until = Instant::now().checked_add(care.unknown_delay + 2 * HANDOVER);
                let end =
                    Transition::Released { delay: care.unknown_delay, misses: Some(misses + 1) };
                self.outcomes.push(Settlement { id, end, effects: Vec::new() });
            }
        }
    }

    /// Settles a job that is not run.
    fn reject(&mut self, job: Rejected<'_>, why: RunOutcome) {
        let Rejected { id, run_policy, record, entry, inbox } = job;
        self.slots.insert(&id);
        let mut decision = decide(why, &run_policy, Codec::default());
        if let Some(failure) = decision.failure.take() {
            if let Some(to) = self.line.dead_letter(entry) {
                let queue = self.parts.store.name().as_str();
                let errors = Vec::new();
                let written = DeadLetter::new(queue, id.clone(), record, failure.clone(), errors);
                dead_letter::attach(&mut decision, &written, &to);
            }
            entry.map_or(&self.meter.unknown, |entry| &entry.meter).settled(&decision);
            self.parts.events.failed(&id, failure, decision.dead_letter.take());
        }
        if let Some(inbox) = &inbox {
            reply::attach(&mut decision, inbox, &id);
        }
        self.outcomes.push(Settlement { id, end: decision.end, effects: decision.effects });
    }

    /// Joins the queue under a new name, and finds out what is held: at the start, when the lease was
    /// lost, and when a call failed of which nobody knows whether it was carried out. Tries until the
    /// server answers.
    pub(crate) async fn join(&mut self, cause: Option<Error>) -> Result<()> {
        // No heartbeat under the old name from here on.
        self.parts.lease.carry(None);
        if self.listener.is_fetching() {
            // Whether it was carried out is found out here, like of all calls of which nobody knows.
            self.listener = WakeListener::spawn(&self.parts.store);
        }
        let lost = cause.as_ref().is_some_and(Error::is_lease_lost);
        let mut retries = Retries::endless();
        if let Some(error) = cause.filter(|_| !lost) {
            self.complain(&error);
            self.pause_after(error, &mut retries).await?;
        }
        let former = self.worker.borrow().clone();
        // One new name for all tries: a join that is carried out twice does no harm.
        let worker = WorkerId::generate();
        let known = self.slots.ids();
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
        self.parts.lease.renewed(self.slots.len());
        self.parts.lease.carry(Some(worker));
        self.fetch_state = FetchState::Ready;
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
        for id in self.slots.ids().into_iter().filter(|id| !kept.contains(id)) {
            let alive = self.slots.lose(&id);
            if lost || alive || !ended.contains(&id) {
                warn!(queue = %self.parts.store.name(), %id, "the lease on this job was lost: another worker runs it, and this run's outcome will be refused");
                self.meter.lost();
                self.parts.events.say(|| WorkerEvent::Lost { id });
            }
        }
        self.prune_queued();
        self.prune_awaiting();
        for taken in holding.found {
            self.take(taken);
        }
        let queue = self.parts.store.name().clone();
        info!(%queue, held = self.slots.len(), "joined");
        self.parts.events.say(|| WorkerEvent::Recovered { queue });
    }

    fn complain(&self, error: &Error) {
        let queue = self.parts.store.name().clone();
        warn!(%queue, error = %chain(&error), "a call failed; trying on");
        let reason = chain(&error).to_string();
        self.parts.events.say(|| WorkerEvent::Unavailable { queue, reason });
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
                        warn!(queue = %self.parts.store.name(), error = %chain(&error), "left without giving the lease back: it runs out by itself");
                        return;
                    }
                }
            }
        }
    }
}

/// What becomes of a job that was fetched.
enum Intake {
    Run(Arc<Entry>),
    /// It fails without a run; its handler has a say in where it goes.
    Fail(Option<Arc<Entry>>, RunOutcome),
    /// Back for a worker that knows it.
    Return,
}

/// What a job has gone through before it was fetched.
#[derive(Clone, Copy)]
struct History {
    /// How often its workers died or lost their lease.
    stalls: u32,
    /// How often it met workers that don't know it.
    misses: u32,
    /// Whether it has waited for too long.
    expired: bool,
}

/// Decides by what is known before a run.
fn intake(record: &Record, entry: Option<Arc<Entry>>, past: History, care: &JobDefaults) -> Intake {
    let History { stalls, misses, expired } = past;
    let known = entry.as_ref().map(|entry| entry.version);
    match entry {
        entry if expired => Intake::Fail(entry, RunOutcome::Expired),
        entry if stalls > care.max_stalls => Intake::Fail(entry, RunOutcome::Stalled(stalls)),
        Some(entry) if record.version() <= entry.version => Intake::Run(entry),
        entry if misses >= care.unknown_limit => {
            Intake::Fail(entry, RunOutcome::unknown(record, known))
        }
        _ => Intake::Return,
    }
}

/// A job that was fetched and is not run.
struct Rejected<'a> {
    id: JobId,
    run_policy: RunPolicy,
    /// As it stands in Redis.
    record: Bytes,
    entry: Option<&'a Entry>,
    /// Who waits for its outcome.
    inbox: Option<ReplyAddress>,
}
