//! The relay of one outbox: it takes entries, delivers them, and removes those that have arrived.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    patience::Patience,
    relays::{Relays, Signals},
    shares::{is_backlog, share_out},
    ways::Ways,
};
use crate::{
    error::{Error, Result},
    job::{QueueName, WorkerId},
    store::{
        Edge, EntryId, MAX_BATCH, QueueStore,
        outbox::{OutboxEntry, Take, TakenEntries},
    },
    task::boxed,
};

/// How long a relay's lock on an outbox lasts. If the relay dies, another one goes on after that.
const LOCK_TTL: Duration = Duration::from_secs(5);

/// How long a relay tries to release its lock.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest rest between two rounds.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// The first wait before looking again: whether another relay has ended, or whether there are new
/// entries behind those of stuck targets. Short at first, since callers wait for their replies:
/// entries written after the other relay's last look are left to this one.
const FIRST_WAIT: Duration = Duration::from_millis(2);

/// The longest wait for new entries of other processes.
const LONGEST_LOOK: Duration = Duration::from_millis(250);

/// The longest wait for another relay, of one in the background and of one that is waited for. All
/// workers of a queue wait for the one that has a stuck target.
const LONGEST_EASY_WAIT: Duration = LOCK_TTL;
const LONGEST_FAST_WAIT: Duration = Duration::from_secs(1);

/// One relay of an outbox.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) relays: Relays,
    pub(super) source: QueueName,
    store: QueueStore,
    name: WorkerId,
    /// The last entry that is waited for; all if there is none.
    until: Option<EntryId>,
    pub(super) signals: Arc<Signals>,
    ways: Mutex<Ways>,
    /// Over which connections all of these ways went.
    generation: AtomicU64,
}

/// Why a relay ends.
enum End {
    /// It has brought all there was.
    Empty,
    /// It has brought what was waited for, and there may be more.
    Enough,
}

impl Relays {
    /// Relays the entries that a queue's outbox has now. Entries written meanwhile are left to
    /// other relays.
    ///
    /// # Errors
    /// A target, or the queue itself, can't be reached or refuses.
    pub(crate) async fn relay(&self, source: &QueueName) -> Result<()> {
        let newest = self.store().queue(source).effect(Edge::Newest).await?;
        let until = newest.map_or(EntryId::default(), |entry| EntryId::of(&entry));
        // On a task of its own: dropped half-way it would leave its lock, for which the next relay
        // would wait.
        let relay = Arc::new(Relay::new(self.clone(), source, Some(until), Arc::default()));
        let relaying = async move { relay.run(Pace::Fast).await };
        tokio::spawn(boxed(relaying)).await.unwrap_or(Err(Error::Closed))
    }
}

impl Relay {
    pub(super) fn new(
        relays: Relays,
        source: &QueueName,
        until: Option<EntryId>,
        signals: Arc<Signals>,
    ) -> Self {
        let (store, name) = (relays.store().queue(source), WorkerId::generate());
        let generation = AtomicU64::new(store.generation());
        let (source, ways) = (source.clone(), Mutex::default());
        Self { relays, source, store, name, until, signals, ways, generation }
    }

    /// Relays until the outbox is empty, or until what is waited for has arrived. One in the
    /// background goes on for as long as a target is stuck.
    pub(super) async fn run(self: &Arc<Self>, pace: Pace) -> Result<()> {
        let ended = self.rounds(pace).await;
        if !matches!(ended, Ok(End::Empty)) {
            // So that another relay needn't wait until this one counts as dead.
            let head = EntryId::default().to_string();
            let free = Take { most: 0, ..self.takes(&head, &[]) };
            let _ = self.store.call_within(RELEASE_TIMEOUT, &free).await;
            if self.until.is_some() {
                self.relays.start(&self.source);
            }
        }
        ended.map(drop)
    }

    async fn rounds(self: &Arc<Self>, pace: Pace) -> Result<End> {
        let (mut pause, mut rest, mut most) = (FIRST_WAIT, Duration::ZERO, MAX_BATCH);
        let (mut stuck, mut patience) = (JoinSet::new(), Patience::new(self.store.retry_timeout()));
        loop {
            // One that panicked leaves its target behind, and another server may have lost what was
            // brought: all begin anew. What a target has already, it takes no second time.
            let is_lame = stuck.try_join_next().is_some_and(|ended| ended.is_err());
            if self.is_reconnected() || is_lame {
                (stuck, *self.ways()) = (JoinSet::new(), Ways::default());
            }
            let (from, skip) = self.place();
            match self.take(from, most, !skip.is_empty(), &skip).await? {
                TakenEntries::Busy(wait) => {
                    (stuck, *self.ways()) = (JoinSet::new(), Ways::default());
                    if self.is_done_elsewhere(&mut patience).await? {
                        return Ok(End::Empty);
                    }
                    self.wait_for_other(wait.min(pause)).await;
                    pause = (pause * 2).min(match pace {
                        Pace::Fast => LONGEST_FAST_WAIT,
                        Pace::Easy => LONGEST_EASY_WAIT,
                    });
                }
                // What was left out is for none but those that were stuck, and still are.
                TakenEntries::Entries(..) if !self.are_stuck(&skip) => {}
                TakenEntries::Entries(entries, last) if self.is_through(&entries, &last) => {
                    if let Some(end) = self.end(&entries, &mut patience)? {
                        return Ok(end);
                    }
                    most = if entries.is_empty() { MAX_BATCH } else { 1 };
                    pause = pause.min(LONGEST_LOOK);
                    self.wait_for_news(pause).await;
                    pause *= 2;
                }
                // The delivered entries are removed, there are more, and entries that come
                // meanwhile go along.
                TakenEntries::Entries(..) if !rest.is_zero() => {
                    sleep(std::mem::take(&mut rest)).await;
                }
                TakenEntries::Entries(entries, last) => {
                    let began = Instant::now();
                    for to in self.round(&entries, last).await {
                        stuck.spawn(boxed(Arc::clone(self).follow(to)));
                    }
                    pause = FIRST_WAIT;
                    if pace == Pace::Easy && !entries.is_empty() && !is_backlog(&entries) {
                        rest = (began.elapsed() * 2).min(LONGEST_REST);
                    }
                }
            }
        }
    }

    /// Brings entries, up to the last that was looked at, to all targets of the common way. Answers
    /// the targets that have left it.
    async fn round(&self, entries: &[OutboxEntry], last: Option<String>) -> Vec<String> {
        let shares = {
            let mut ways = self.ways();
            if let Some(last) = last {
                ways.begin(EntryId::of(&last));
            }
            share_out(entries, |to| ways.missed(to).is_none())
        };
        let failed = self.relays.deliver(&self.source, shares).await;
        if let Some(failed) = failed.first() {
            self.signals.note_problem(failed.error.clone());
        }
        let left = failed.iter().map(|failed| failed.to.clone()).collect();
        self.ways().end(entries, failed);
        left
    }

    /// Takes entries from one on, and removes those that have arrived. The lock is kept even if
    /// there are none, if it is to be.
    pub(super) async fn take(
        &self,
        from: EntryId,
        most: usize,
        keeps: bool,
        skip: &[String],
    ) -> Result<TakenEntries> {
        let from = from.to_string();
        let sure = Take { most, keeps, skip, ..self.takes(&from, &[]) };
        if self.generation.load(Ordering::Relaxed) != self.store.generation() {
            return self.store.call_retrying(&sure).await;
        }
        let delivered = self.ways().take_delivered();
        match self.store.call(&Take { delivered: &delivered, ..sure }).await {
            // A second try may reach a server that has lost what was brought.
            Err(Error::Unavailable { .. }) => {
                self.ways().put_back(delivered);
                self.store.call_retrying(&sure).await
            }
            taken => taken.inspect_err(|_| self.ways().put_back(delivered)),
        }
    }

    /// Whether connections are gone since these ways began, and that isn't known yet.
    fn is_reconnected(&self) -> bool {
        let now = self.store.generation();
        self.generation.swap(now, Ordering::Relaxed) != now
    }

    fn takes<'a>(&'a self, from: &'a str, delivered: &'a [String]) -> Take<'a> {
        let (name, alone) = (&self.name, LOCK_TTL);
        Take { name, alone, most: MAX_BATCH, from, keeps: false, skip: &[], delivered }
    }

    /// Where the common way goes on, and targets that are stuck, if there are any.
    fn place(&self) -> (EntryId, Vec<String>) {
        let ways = self.ways();
        (ways.next(), ways.skipped(None))
    }

    fn are_stuck(&self, targets: &[String]) -> bool {
        let ways = self.ways();
        targets.iter().all(|to| ways.missed(to).is_some())
    }

    /// Whether the common way has nothing to bring any more.
    fn is_through(&self, entries: &[OutboxEntry], last: &Option<String>) -> bool {
        match entries.first() {
            Some(found) => self.until.is_some_and(|until| EntryId::of(&found.entry) > until),
            None => last.is_none(),
        }
    }

    /// Why to end, now that the common way has nothing to bring: none if a target misses some.
    fn end(&self, later: &[OutboxEntry], patience: &mut Patience) -> Result<Option<End>> {
        let ways = self.ways();
        let enough = Some(if later.is_empty() && ways.count_stuck() == 0 {
            End::Empty
        } else {
            End::Enough
        });
        if ways.has_delivered() {
            return Ok(None);
        }
        if !ways.is_any_missed(self.until) {
            if later.is_empty() {
                self.relays.early_replies().forget(&self.source);
            }
            return Ok(enough);
        }
        match self.until {
            Some(_) if patience.is_over(ways.moved) => Err(self.signals.problem()),
            Some(_) => Ok(None),
            None => Ok(if self.relays.is_needed(&self.source) { None } else { enough }),
        }
    }

    /// Whether another relay has brought what this one waits for.
    async fn is_done_elsewhere(&self, patience: &mut Patience) -> Result<bool> {
        let Some(until) = self.until else { return Ok(false) };
        let oldest = self.store.effect(Edge::Oldest).await?.map(|entry| EntryId::of(&entry));
        let Some(oldest) = oldest.filter(|oldest| *oldest <= until) else { return Ok(true) };
        let problem = self.relays.have_tried(&self.source);
        if patience.is_over(oldest) { Err(problem) } else { Ok(false) }
    }

    /// Waits before asking again whether another relay has ended. It may have looked for the last
    /// time before new entries were written here.
    async fn wait_for_other(&self, wait: Duration) {
        tokio::select! {
            biased;
            () = sleep(wait) => {}
            () = self.signals.news.notified() => sleep(wait.min(LONGEST_LOOK)).await,
        }
    }

    /// Waits before looking for new entries. Those of this process are known at once.
    async fn wait_for_news(&self, wait: Duration) {
        tokio::select! {
            biased;
            () = sleep(wait) => {}
            () = self.signals.news.notified() => {}
        }
    }

    pub(super) fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a relay leaves room for other calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It doesn't: a caller waits for it.
    Fast,
    /// After each round without a backlog it rests twice as long as the round took: a message to a
    /// hundred queues is a hundred calls, and publishers should not have to wait behind all of
    /// them. Entries that come during the rest go together.
    Easy,
}
