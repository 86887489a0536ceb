//! One run of a job: start → run → classify → report.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tracing::{Instrument as _, debug, error, info_span, warn};

use super::{
    Context, WorkerEvent,
    breaker::Fuse,
    letter,
    registry::Entry,
    verdict::{Ended, Ruling, Terms, rule},
};
use crate::{job::JobId, store::worker::End};

/// What one run is made of. Small, since it is copied on its way into a task.
pub(super) struct Run {
    /// Which run of its pump it is, as [`Held`](super::held::Held) counts.
    pub(super) number: u64,
    pub(super) ctx: Context,
    pub(super) terms: Terms,
    pub(super) entry: Arc<Entry>,
}

/// The report of a run to its pump.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) id: JobId,
    /// Which run of the job it was.
    pub(super) run: u64,
    /// None if the run was aborted.
    pub(super) ruling: Option<Ruling>,
}

/// Reports when it is dropped, hence in any case: also when the run is aborted, its pump hears of it.
struct Reporter {
    to: mpsc::Sender<Finished>,
    finished: Option<Finished>,
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(finished) = self.finished.take() {
            // The pump's channel has room for every run that is alive, and each reports once.
            let _ = self.to.try_send(finished);
        }
    }
}

impl Run {
    /// Runs the job and reports what becomes of it.
    pub(super) async fn go(self, reports: mpsc::Sender<Finished>) {
        let finished = Finished { id: self.ctx.id().clone(), run: self.number, ruling: None };
        let mut reporter = Reporter { to: reports, finished: Some(finished) };
        let span = info_span!(
            "job",
            queue = %self.ctx.queue(),
            name = %self.ctx.name(),
            id = %self.ctx.id(),
            attempt = self.terms.attempt,
        );
        let ruling = self.execute().instrument(span).await;
        if let Some(finished) = &mut reporter.finished {
            finished.ruling = Some(ruling);
        }
    }

    async fn execute(self) -> Ruling {
        let Self { ctx, terms, entry, .. } = self;
        // Held to the end of the run: the handler's own limits in this process.
        let _permit = if entry.is_limited() { Box::pin(entry.admit()).await } else { None };
        let trial = match entry.fuse.as_ref().map(Fuse::admit) {
            None => None,
            Some(Ok(trial)) => Some(trial),
            Some(Err(delay)) => return Ruling::released(delay),
        };
        ctx.announce(|| WorkerEvent::Started {
            id: ctx.id().clone(),
            name: ctx.record().name.clone(),
            attempt: terms.attempt,
        });
        let began = Instant::now();
        // A timeout beyond what the clock can say is none.
        let deadline = terms.timeout.and_then(|limit| began.checked_add(limit));
        let run = async {
            let record = ctx.record();
            entry
                .call(&record.payload, record.codec, ctx.clone())
                .map_err(Ended::BadPayload)?
                .await
                .map_err(Ended::Failure)
        };
        let run = AssertUnwindSafe(run).catch_unwind();
        let ended = match deadline {
            None => run.await,
            Some(deadline) => {
                ctx.set_deadline(deadline);
                match Box::pin(timeout_at(deadline, run)).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        // What the handler has handed on may still go on: it hears that time is up.
                        ctx.signals().cancel();
                        Ok(Err(Ended::TimedOut(terms.timeout.unwrap_or_default())))
                    }
                }
            }
        };
        let ended = match ended {
            Ok(Ok(result)) => Ended::Success(result),
            Ok(Err(ended)) => ended,
            Err(panic) => Ended::Panicked(panic_message(&*panic)),
        };
        if let Some(trial) = trial {
            trial.end(&ended, &ctx);
        }
        let mut ruling = rule(ended, &terms, ctx.record().codec);
        if matches!(ruling.end, End::Failed { .. }) {
            // In a box, as what is rare here is: a run is copied on its way into a task.
            Box::pin(letter::enclose(&mut ruling, &ctx, &entry)).await;
        }
        if let (Some(class), Some(failure)) = (ruling.alert, &ruling.failure) {
            error!(%class, %failure, "an error that somebody has to see to");
            ctx.alert(class, failure);
        }
        match &ruling.failure {
            None => {
                debug!(took = ?began.elapsed(), "completed");
                ctx.announce(|| WorkerEvent::Completed {
                    id: ctx.id().clone(),
                    name: ctx.record().name.clone(),
                    took: began.elapsed(),
                });
            }
            Some(failure) if matches!(ruling.end, End::Released { .. }) => {
                debug!(%failure, "the job goes back");
            }
            Some(failure) => warn!(%failure, "the run failed"),
        }
        ruling
    }
}

/// What a panic said.
fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the handler panicked with no message".to_owned())
}
