//! The context of a run: what a handler may know of it, and report.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "testing")]
use super::run_watch::{self, Note};
use super::{
    cancellation::Cancellation,
    run_steps::{RunParts, RunSteps},
    shared::RunShared,
    suspender::Suspender,
};
use crate::{
    error::{Error, Operation, Refused, Result},
    job::{
        CancelReason, Codec, Delivery, JobId, JobName, QueueName, Record, Scheduled, TraceContext,
    },
    store::job,
    value_error::{MAX_RESULT, TooLarge},
    worker::{
        states::States,
        telemetry::{JobMetrics, RunTelemetry},
    },
};

/// The most lines that are kept of a job's log; older ones are deleted.
const LOG_LINES: usize = 1_000;

/// The most characters of one log line.
const LINE_LENGTH: usize = 8_192;

/// One run of a job: its id, attempt and deadline, and a way to report progress.
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

/// A context for something that the context itself holds.
pub(crate) struct WeakContext(Weak<ContextParts>);

impl WeakContext {
    /// The context, while its run goes on.
    pub(crate) fn upgrade(&self) -> Option<Context> {
        self.0.upgrade().map(Context)
    }
}

/// The fields of a context.
pub(crate) struct ContextParts {
    pub(crate) id: JobId,
    pub(crate) record: Record,
    pub(crate) numbers: AttemptNumbers,
    pub(crate) states: Arc<States>,
    /// Set when the run starts, if it has a timeout.
    pub(crate) deadline: OnceLock<Instant>,
    pub(crate) cancellation: Cancellation,
    /// The run's place in its job's trace.
    pub(crate) trace: Option<Box<TraceContext>>,
    pub(crate) delivery: Delivery,
    pub(crate) parts: RunParts,
    /// None in tests of handlers, and for broadcasts.
    pub(crate) shared: Option<Arc<RunShared>>,
}

/// How often the job was tried, and may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptNumbers {
    /// Which attempt it is, from 1.
    pub(crate) attempt: u32,
    pub(crate) attempts: u32,
    pub(crate) snoozes: u32,
}

impl AttemptNumbers {
    /// Of what runs once.
    pub(crate) const ONE: Self = Self { attempt: 1, attempts: 1, snoozes: 0 };
}

/// The place of a run in its job's trace, if the job has one.
pub(crate) fn run_trace(record: &Record) -> Option<Box<TraceContext>> {
    // Most jobs have no headers at all.
    Some(Box::new(TraceContext::sent(&record.options.headers)?.child()))
}

impl Context {
    pub(crate) fn new(parts: ContextParts) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn shared(&self) -> Option<&RunShared> {
        self.0.shared.as_deref()
    }

    /// The job's id: the same in every attempt, so it serves as an idempotency key.
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
        self.0.shared.as_ref().map(|shared| shared.store.name())
    }

    /// Which attempt this is, from 1. Runs that were interrupted by a shutdown or a crash don't
    /// count.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.numbers.attempt
    }

    /// How many attempts the job has.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.numbers.attempts
    }

    /// Whether a failure of this attempt is the job's last.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.attempt() >= self.attempts()
    }

    /// How often the job was [snoozed](crate::Failure::snooze) before this run.
    #[must_use]
    pub fn snoozes(&self) -> u32 {
        self.0.numbers.snoozes
    }

    /// The job as it was added: payload, options, time.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.0.record
    }

    /// The schedule that the job comes from, and its tick. `None` for a job that was added.
    #[must_use]
    pub fn schedule(&self) -> Option<&Scheduled> {
        self.0.record.options.schedule.as_ref()
    }

    /// The [group](crate::Add::group) of the job.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.0.record.options.group.as_deref()
    }

    /// One header of the job.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.record.options.headers.get(name).map(String::as_str)
    }

    /// The headers of the job.
    #[must_use]
    pub fn headers(&self) -> &BTreeMap<String, String> {
        &self.0.record.options.headers
    }

    /// The run's own place in the trace that its job was sent with: a child of it. None if the job
    /// has no readable `traceparent`.
    ///
    /// Jobs that the run adds continue this trace, as long as its own task adds them. A task that
    /// it spawns knows nothing of the run: hand it the context, and set `.header("traceparent",
    /// trace.to_string())`.
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.0.trace.as_deref()
    }

    /// The topic that the job was published to; none if it was added.
    #[must_use]
    pub fn topic(&self) -> Option<&QueueName> {
        self.0.record.options.origin.as_ref().map(|origin| &origin.topic)
    }

    /// The routing key that it was published with; none if it was added.
    #[must_use]
    pub fn routing_key(&self) -> Option<&str> {
        self.0.record.options.origin.as_ref().map(|origin| origin.routing_key.as_str())
    }

    /// When the run's time is up; none if it has no timeout.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.deadline.get().copied().map(Instant::into_std)
    }

    /// How long the run has left before its timeout; none if it has no timeout.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.0.deadline.get().map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether the run should stop: its job was [cancelled](crate::JobHandle::cancel), its lease was
    /// lost, its time is up, or the worker stops and its
    /// [drain timeout](crate::WorkerBuilder::drain_timeout) is over. An error that it then returns
    /// ends a cancelled job as such. Otherwise it costs no attempt, and the job goes back, unless the
    /// error is permanent or the time was up.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancellation.is_cancelled()
    }

    /// Waits until the run should stop.
    pub async fn cancelled(&self) {
        self.0.cancellation.token().cancelled().await;
    }

    /// The same as a token, to pass on to code that the handler calls.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        self.0.cancellation.token()
    }

    /// By whom the job was [cancelled](crate::JobHandle::cancel), and why; none if it was not, also
    /// when the run should stop for another reason.
    #[must_use]
    pub fn cancel_reason(&self) -> Option<&CancelReason> {
        self.0.cancellation.requested()
    }

    /// Whether the worker has lost the job: another may run it by now, and this run's outcome will
    /// be refused.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.cancellation.is_lost()
    }

    /// Reports progress: any value of up to 1 MiB, for [`JobInfo::progress`](crate::JobInfo) and as
    /// an event.
    ///
    /// # Errors
    /// [`Error::Payload`] if it can't be written or is too large, [`Refused::LeaseLost`] if the
    /// worker has lost the job, and those of any call.
    pub async fn progress<T: Serialize + ?Sized>(&self, value: &T) -> Result<()> {
        let value = Codec::MessagePack.encode(value)?;
        if value.len() > MAX_RESULT {
            let what = format!("the progress of job {}", self.name());
            return Err(TooLarge::returned(what, value.len(), MAX_RESULT).into());
        }
        let Some(shared) = self.recorder()? else { return Ok(()) };
        let worker = shared.worker.borrow().clone();
        #[cfg(feature = "testing")]
        run_watch::note(&self.0.states, &self.0.id, || Note::Progress(value.clone()));
        let call = job::Progress { worker: &worker, id: &self.0.id, value: &value };
        shared.store.call_retrying(&call).await
    }

    /// Adds a line to the job's log, of which the newest 1,000 are kept. Lines over 8 KiB are cut.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`] if the worker has lost the job, and those of any call.
    pub async fn log(&self, line: impl Into<String>) -> Result<()> {
        let mut text = line.into();
        text.truncate(text.floor_char_boundary(LINE_LENGTH));
        let Some(shared) = self.recorder()? else { return Ok(()) };
        let worker = shared.worker.borrow().clone();
        #[cfg(feature = "testing")]
        run_watch::note(&self.0.states, &self.0.id, || Note::Log(text.clone()));
        let lines = [text];
        let call = job::Log { worker: &worker, id: &self.0.id, lines: &lines, newest: LOG_LINES };
        shared.store.call(&call).await.map(drop)
    }

    /// The way to Redis for progress and log; none in a test, and for a job that runs at most once.
    fn recorder(&self) -> Result<Option<&RunShared>> {
        let kept = self.0.delivery == Delivery::AtLeastOnce;
        let shared = self.0.shared.as_deref().filter(|_| kept);
        if shared.is_some() && self.is_lost() {
            return Err(self.lease_lost("report on a run"));
        }
        Ok(shared)
    }

    /// The error of a run that no longer holds its job.
    pub(crate) fn lease_lost(&self, action: &'static str) -> Error {
        let operation = match &self.0.shared {
            Some(shared) => Operation::on_job(action, shared.store.name(), &self.0.id),
            None => Operation::new(action),
        };
        Refused::LeaseLost { operation }.into()
    }

    pub(crate) fn downgrade(&self) -> WeakContext {
        WeakContext(Arc::downgrade(&self.0))
    }

    /// The parts of a run whose handler has steps.
    pub(crate) fn steps(&self) -> Option<&RunSteps> {
        self.0.parts.steps.as_deref()
    }

    /// Where the run says what its handler waits for.
    pub(crate) fn suspender(&self) -> &Suspender {
        self.0.parts.suspender.get_or_init(Box::default)
    }

    /// The same, if the handler has waited for anything.
    pub(super) fn waits(&self) -> &OnceLock<Box<Suspender>> {
        &self.0.parts.suspender
    }

    pub(crate) fn states(&self) -> &States {
        &self.0.states
    }

    /// Sets the time at which the run's timeout is over, once it has started.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        let _ = self.0.deadline.set(deadline);
    }

    /// Tells the run to stop.
    pub(crate) fn cancel(&self) {
        self.0.cancellation.cancel();
    }

    /// Telemetry of this run, with the metrics of its handler.
    pub(crate) fn telemetry<'a>(&'a self, metrics: &'a JobMetrics) -> RunTelemetry<'a> {
        let ContextParts { id, record, numbers, shared, .. } = &*self.0;
        let worker = shared.as_ref().map(|shared| (&shared.telemetry, shared.store.name()));
        RunTelemetry { worker, metrics, id, name: &record.name, attempt: numbers.attempt }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the payload: contexts end up in logs.
        f.debug_struct("Context")
            .field("id", &self.0.id)
            .field("name", &self.0.record.name)
            .field("attempt", &self.0.numbers.attempt)
            .finish_non_exhaustive()
    }
}
