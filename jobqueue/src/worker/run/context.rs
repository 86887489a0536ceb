//! What a handler may know of its run, and say about it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use serde::Serialize;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::cancellation::Signals;
use crate::{
    error::{Refused, Result},
    job::{Codec, Delivery, JobFailure, JobId, JobName, QueueName, Record, TraceContext, WorkerId},
    outbox::Relays,
    policy::ErrorClass,
    store::{QueueStore, job},
    worker::{
        config::SpanHook,
        extract::States,
        registry::Entry,
        telemetry::{Alert, EventSender, WorkerEvent},
    },
};

/// The most lines that are kept of a job's log; older ones go.
const LOG_LINES: usize = 1_000;

/// The most characters of one log line.
const LINE_LENGTH: usize = 8_192;

/// One run of a job: which, the how manieth, until when, and a way to say how far it is.
///
/// ```
/// # use jobqueue::{job, Context, Failure};
/// #[job(timeout = "10m")]
/// async fn index(pages: Vec<String>, ctx: Context) -> Result<(), Failure> {
///     for (done, page) in pages.iter().enumerate() {
///         if ctx.is_cancelled() {
///             return Err(Failure::retry("stopped half-way"));
///         }
///         ctx.progress(&(done, pages.len())).await?;
///         ctx.log(format!("indexing {page}")).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Context(Arc<ContextParts>);

/// What a context is made of.
pub(crate) struct ContextParts {
    pub(crate) id: JobId,
    pub(crate) record: Record,
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    pub(crate) states: Arc<States>,
    /// Set when the run starts, if it has a timeout.
    pub(crate) deadline: OnceLock<Instant>,
    pub(crate) signals: Signals,
    /// The run's place in its job's trace.
    pub(crate) trace: Option<Box<TraceContext>>,
    pub(crate) delivery: Delivery,
    /// None in tests of handlers.
    pub(crate) line: Option<Arc<RunShared>>,
}

/// The place of a run in its job's trace, if there is one.
pub(crate) fn run_trace(record: &Record) -> Option<Box<TraceContext>> {
    // Most jobs have no headers at all.
    Some(Box::new(TraceContext::sent(&record.options.headers)?.child()))
}

/// The way from the runs of a pump to Redis, and to whoever listens to the worker.
pub(crate) struct RunShared {
    pub(crate) store: QueueStore,
    /// The name that the worker goes by now: it changes when a lease was lost.
    pub(crate) worker: watch::Receiver<WorkerId>,
    pub(crate) events: EventSender,
    /// Called with the span of each run that has a trace.
    pub(crate) on_span: Option<SpanHook>,
    /// The worker's own dead-letter queue.
    pub(crate) dead_letter: Option<QueueName>,
    /// What brings replies to callers.
    pub(crate) relays: Relays,
    /// The queue's, as the last turn said.
    pub(crate) queues: RwLock<Option<QueueName>>,
}

impl RunShared {
    /// Where a handler's jobs go that fail for good: as it says, else as the worker says, else as the queue
    /// says; never to the queue they are in.
    pub(crate) fn dead_letter(&self, entry: Option<&Entry>) -> Option<QueueName> {
        let named =
            entry.and_then(|entry| entry.dead_letter.as_ref()).or(self.dead_letter.as_ref());
        let to = match named {
            Some(to) => Some(to.clone()),
            None => self.queues.read().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        to.filter(|to| to != self.store.name())
    }

    /// Takes note of where the queue itself sends what fails for good.
    pub(crate) fn note_dead_letter(&self, to: Option<QueueName>) {
        // Hardly ever does it change, and runs are never kept waiting for nothing.
        if *self.queues.read().unwrap_or_else(PoisonError::into_inner) != to {
            *self.queues.write().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }
}

impl Context {
    pub(crate) fn new(parts: ContextParts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn line(&self) -> Option<&RunShared> {
        self.0.line.as_deref()
    }

    /// The job's id: the same in every attempt, hence good as an idempotency key.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.0.id
    }

    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &JobName {
        &self.0.record.name
    }

    /// The job's queue. `None` for a broadcast, and in a test of a handler without Redis.
    #[must_use]
    pub fn queue(&self) -> Option<&QueueName> {
        self.0.line.as_ref().map(|line| line.store.name())
    }

    /// Which attempt this is, from 1. Runs that were interrupted by a shutdown or a crash don't count.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// How many attempts the job has.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether a failure of this attempt is the job's last.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.0.attempt >= self.0.attempts
    }

    /// The job as it was added: payload, options, time.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.0.record
    }

    /// Something that travels beside the payload.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.record.options.headers.get(name).map(String::as_str)
    }

    /// All that travels beside the payload.
    #[must_use]
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.0.record.options.headers
    }

    /// The run's own place in the trace that its job was sent with: a child of it. Nothing if the job has no
    /// `traceparent` that can be read.
    ///
    /// Jobs that the run adds go on from here by themselves, as long as its own task makes them: a task that
    /// it spawns knows nothing of the run, so hand it the context and say
    /// `.header("traceparent", trace.to_string())`.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.0.trace.as_deref()
    }

    /// The topic that the job was published to; nothing if it was added.
    #[must_use]
    pub fn topic(&self) -> Option<&QueueName> {
        self.0.record.options.origin.as_ref().map(|origin| &origin.topic)
    }

    /// The routing key that it was published with; nothing if it was added.
    #[must_use]
    pub fn routing_key(&self) -> Option<&str> {
        self.0.record.options.origin.as_ref().map(|origin| origin.routing_key.as_str())
    }

    /// When the run's time is up; nothing if it has no timeout.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.deadline.get().copied().map(Instant::into_std)
    }

    /// How long the run has left before its timeout; nothing if it has none.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.0.deadline.get().map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether the run should stop: its lease was lost, its time is up, or the worker shuts down.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.signals.is_cancelled()
    }

    /// Waits until the run should stop.
    pub async fn cancelled(&self) {
        self.0.signals.token().cancelled().await;
    }

    /// The same as a token, to hand on to what the handler calls.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.0.signals.token()
    }

    /// Whether the worker has lost the job: another may run it by now, and this run's outcome will be
    /// refused.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.signals.is_lost()
    }

    /// Tells how far the run is: any value, for [`JobInfo::progress`](crate::JobInfo) and as an event.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`] if the worker has lost the job, and those of any call.
    pub async fn progress<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        let value = Codec::MessagePack.encode(value)?;
        let Some(line) = self.note_taker()? else { return Ok(()) };
        let worker = line.worker.borrow().clone();
        let call = job::Progress { worker: &worker, id: &self.0.id, value: &value };
        line.store.call_retrying(&call).await
    }

    /// Adds a line to the job's log, of which the newest 1,000 are kept. Lines over 8 KiB are cut.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`] if the worker has lost the job, and those of any call.
    pub async fn log(&self, line: impl Into<String>) -> Result<()> {
        let mut text = line.into();
        text.truncate(text.floor_char_boundary(LINE_LENGTH));
        let Some(line) = self.note_taker()? else { return Ok(()) };
        let worker = line.worker.borrow().clone();
        let lines = [text];
        let call = job::Log { worker: &worker, id: &self.0.id, lines: &lines, newest: LOG_LINES };
        line.store.call(&call).await.map(drop)
    }

    /// Who takes down what the run says of itself. Nobody in a test, and where nothing is kept of the job.
    fn note_taker(&self) -> Result<Option<&RunShared>> {
        let kept = self.0.delivery == Delivery::AtLeastOnce;
        let line = self.0.line.as_deref().filter(|_| kept);
        if line.is_some() && self.is_lost() {
            return Err(Refused::LeaseLost.into());
        }
        Ok(line)
    }

    pub(crate) fn states(&self) -> &States {
        &self.0.states
    }

    /// Says when the run's time is up, once it has started.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        let _ = self.0.deadline.set(deadline);
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.0.signals
    }

    /// Tells whoever has to see to it.
    pub(crate) fn alert(&self, class: ErrorClass, failure: &JobFailure) {
        if let Some(line) = &self.0.line {
            line.events.alert(Alert {
                queue: line.store.name().clone(),
                id: self.0.id.clone(),
                name: self.0.record.name.clone(),
                class,
                failure: failure.clone(),
            });
        }
    }

    /// Tells whoever listens to the worker.
    pub(crate) fn announce(&self, event: impl FnOnce() -> WorkerEvent) {
        if let Some(line) = &self.0.line {
            line.events.say(event);
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the payload: contexts end up in logs.
        f.debug_struct("Context")
            .field("id", &self.0.id)
            .field("name", &self.0.record.name)
            .field("attempt", &self.0.attempt)
            .finish_non_exhaustive()
    }
}
