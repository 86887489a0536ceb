//! The way of a handler's parts to what is recorded.

use std::{
    future::pending,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

use super::error::StepError;
use crate::{
    error::{Error, Result},
    job::Codec,
    store::{job::RecordStep, worker::Heartbeat},
    task::boxed,
    value_error::{Invalid, MAX_RESULT, PayloadError, TooLarge},
    worker::run::{
        Context, Journal, JournalEntry, Part, RunShared, RunSteps, Spot, Wait, as_worker, describe,
    },
};

/// Up to so long a wait holds its slot: to end the run would cost more.
const SHORT: Duration = Duration::from_secs(1);

/// What a run can't do any more that has lost its job.
const BEGIN: &str = "begin a step";

/// How often other parts are polled before one that was recorded later.
const PATIENCE: usize = 20;

/// The longest name, in bytes.
const MAX_NAME: usize = 128;

/// A run whose parts are recorded.
pub(super) struct Recorder<'a> {
    pub(super) ctx: &'a Context,
    pub(super) shared: &'a RunShared,
    steps: &'a RunSteps,
    pub(super) journal: &'a Journal,
    /// The run doesn't end for what else it waits for until this part has ended, or waits as well.
    busy: Busy,
}

impl Context {
    /// The handler has come to a part.
    pub(super) fn spot(&self, part: Part, name: String) -> Spot {
        match self.steps() {
            Some(steps) => steps.spot(part, name),
            None => Spot { part, name, nth: 1, place: 0 },
        }
    }

    /// The way to what is recorded; none in a test without Redis.
    pub(super) async fn line(&self, spot: &Spot) -> Result<Option<Recorder<'_>>, StepError> {
        check(spot).map_err(Error::from)?;
        let Some(steps) = self.steps() else {
            return Err(StepError::undeclared(self.name().as_str()));
        };
        let Some(shared) = self.shared() else { return Ok(None) };
        if self.is_lost() {
            return Err(self.lease_lost("record a step").into());
        }
        let busy = Busy::new(self);
        let journal = steps.journal(&shared.store, self.id()).await?;
        Ok(Some(Recorder { ctx: self, shared, steps, journal, busy }))
    }
}

impl<'a> Recorder<'a> {
    /// Before an effect that others may see: a process that stood still may have lost the job long ago,
    /// and another worker may be at it.
    pub(super) async fn make_sure(&self) -> Result<(), StepError> {
        let hold = &self.shared.hold;
        while !hold.is_sure() {
            let asked = hold.asks();
            let renewed = as_worker(self.ctx, |worker| async move {
                let beat = Heartbeat { worker: &worker, lease: hold.length(), heard: false };
                // Word of jobs to cancel comes with the next one as well.
                self.shared.store.call_retrying(&beat).await.map(drop)
            });
            renewed.await?;
            hold.answered(asked);
        }
        if self.ctx.is_lost() { Err(self.ctx.lease_lost(BEGIN).into()) } else { Ok(()) }
    }

    /// What is recorded of a part. Parts that are there and parts that are asked for must be the
    /// same, in the same order: else a step would run again, or another one's result be taken.
    pub(super) async fn find(&self, spot: &Spot) -> Result<Option<&'a JournalEntry>, StepError> {
        // As if it had run: so parts that run at the same time are asked for in the same order.
        yield_now().await;
        let Spot { place, .. } = spot;
        let why = match (self.journal.get(&spot.field()), self.journal.at(*place)) {
            (Some(entry), _) if entry.place == *place => {
                self.in_turn(entry).await;
                return Ok(Some(entry));
            }
            (Some(entry), _) => {
                format!("{spot} stands at position {place}, and was recorded at {}", entry.place)
            }
            (None, Some(other)) => {
                format!("{spot} stands at position {place}, where {} was recorded", describe(other))
            }
            (None, None) => {
                self.goes_on().await;
                return Ok(None);
            }
        };
        self.steps.break_off();
        Err(StepError::mismatch(format!(
            "{why}: put the code right and retry the job, or let it begin anew"
        )))
    }

    /// Parts that run at the same time come to what is recorded in the order in which it was: so what a
    /// handler does behind one of them, such as saying how to undo it, isn't cut off by the failure of
    /// another that came later. Those before it may be asked for no more, so it doesn't wait for ever.
    async fn in_turn(&self, entry: &JournalEntry) {
        for _ in 0..PATIENCE {
            if self.journal.come_to(entry) {
                return;
            }
            yield_now().await;
        }
        self.journal.pass_over(entry);
    }

    /// A run that only replays what is recorded ends where that does.
    pub(super) async fn goes_on(&self) {
        if self.steps.only_replays() {
            self.ctx.suspender().end_replay();
            self.busy.release();
            pending().await
        }
    }

    /// The run ends, and another program goes on with the job.
    pub(super) async fn leave_to_others(&self) {
        self.steps.break_off();
        self.ctx.suspender().leave_to_others();
        self.busy.release();
        pending().await
    }

    /// Why a compensation has failed for good, if it has.
    pub(super) fn given_up(&self, spot: &Spot) -> Option<String> {
        let value = &self.journal.get(&spot.field())?.value;
        let problem = value.strip_prefix(b"-")?;
        Some(String::from_utf8_lossy(problem).into_owned())
    }

    /// A recorded value, behind the byte that says how it is written.
    pub(super) fn read<T>(
        &self,
        spot: &Spot,
        value: &[u8],
        read_as: impl FnOnce(Codec, &[u8]) -> Result<T, PayloadError>,
    ) -> Result<T, StepError> {
        let read = read(format!("result of {spot}, at position {}", spot.place), value, read_as);
        if read.is_err() {
            self.steps.break_off();
        }
        read
    }

    /// What somebody has sent: what is wrong with that is no fault of the code's.
    pub(super) fn read_signal<T: DeserializeOwned>(
        &self,
        spot: &Spot,
        value: &[u8],
    ) -> Result<T, StepError> {
        read(format!("value of the signal {:?}", spot.name), value, Codec::decode)
    }

    /// Records something, whatever becomes of the caller meanwhile. Answers when the note is due.
    pub(super) async fn record(&self, note: Note) -> Result<u64, StepError> {
        let busy = Busy::new(self.ctx);
        let recording = tokio::spawn(boxed(async move { busy.record(&note).await }));
        let recorded = recording.await.unwrap_or(Err(Error::Closed))?;
        recorded.ok_or_else(StepError::full)
    }

    /// Waits until a time in ms since the epoch, or a signal: in another run, unless it is short.
    pub(super) async fn wait(&self, until: u64, signal: Option<&str>) {
        self.goes_on().await;
        let at = self.journal.instant(until);
        if signal.is_none() && at <= Instant::now() + SHORT {
            let _busy = Busy::new(self.ctx);
            return sleep_until(at).await;
        }
        let signal = signal.map(str::to_owned);
        let _waiting = self.ctx.suspender().wait(Wait { until, at, signal });
        self.busy.release();
        pending().await
    }
}

/// What is to be recorded of a part.
pub(super) struct Note {
    pub(super) field: String,
    pub(super) place: u32,
    pub(super) value: Vec<u8>,
    pub(super) due_in: Option<Duration>,
    /// A field that goes.
    pub(super) drop: String,
}

impl Note {
    pub(super) fn new(spot: &Spot, value: Vec<u8>) -> Self {
        let (field, place) = (spot.field(), spot.place);
        Self { field, place, value, due_in: None, drop: String::new() }
    }
}

/// Something is under way that must be recorded before the run ends.
pub(super) struct Busy {
    ctx: Context,
    held: AtomicBool,
}

impl Busy {
    pub(super) fn new(ctx: &Context) -> Self {
        ctx.suspender().begin();
        Self { ctx: ctx.clone(), held: AtomicBool::new(true) }
    }

    /// It has ended, or waits.
    fn release(&self) {
        if self.held.swap(false, Ordering::Relaxed) {
            self.ctx.suspender().end();
        }
    }

    /// Records something. None if there is no room.
    pub(super) async fn record(&self, note: &Note) -> Result<Option<u64>> {
        let ctx = &self.ctx;
        let store = &ctx.shared().ok_or(Error::Closed)?.store;
        let Note { field, place, value, due_in, drop } = note;
        let (place, due_in) = (*place, *due_in);
        as_worker(ctx, |worker| async move {
            let call =
                RecordStep { worker: &worker, id: ctx.id(), field, place, value, due_in, drop };
            store.call_retrying(&call).await
        })
        .await
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.release();
    }
}

/// A value with a byte before it that says how it is written.
pub(crate) fn encode<T: Serialize + ?Sized>(
    codec: Codec,
    what: impl Fn() -> String,
    value: &T,
) -> Result<Vec<u8>> {
    let mut bytes = codec.encode(value)?;
    if bytes.len() > MAX_RESULT {
        return Err(TooLarge::returned(what(), bytes.len(), MAX_RESULT).into());
    }
    bytes.insert(0, if codec == Codec::Json { b'j' } else { b'm' });
    Ok(bytes)
}

/// The same read.
fn read<T>(
    what: String,
    value: &[u8],
    read_as: impl FnOnce(Codec, &[u8]) -> Result<T, PayloadError>,
) -> Result<T, StepError> {
    let codec = match value.first() {
        Some(b'j') => Codec::Json,
        Some(b'm') => Codec::MessagePack,
        _ => return Err(StepError::mismatch(format!("the {what} is written in an unknown way"))),
    };
    let bytes = value.get(1..).unwrap_or_default();
    read_as(codec, bytes).map_err(|error| StepError::unreadable(&error.reading(what)))
}

fn check(spot: &Spot) -> Result<(), Invalid> {
    let Spot { part, name, .. } = spot;
    let needs_none = *part == Part::Sleep;
    if (name.is_empty() && !needs_none)
        || name.len() > MAX_NAME
        || name.chars().any(char::is_control)
    {
        let advice = "use 1 to 128 bytes without control characters";
        return Err(Invalid::new("name", name, advice).of(part.word()));
    }
    Ok(())
}
