//! One run of a job: start → run → classify → report.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tracing::{Instrument as _, debug, info_span, warn};

use super::{
    Context, States, WorkerEvent,
    context::{ContextParts, Line, Signals},
    events::Announcer,
    registry::Entry,
    verdict::{Ended, Ruling, Terms, rule},
};
use crate::job::{JobId, Record};

/// What one run is made of.
pub(super) struct Run {
    pub(super) id: JobId,
    pub(super) record: Record,
    pub(super) terms: Terms,
    pub(super) entry: Arc<Entry>,
    pub(super) states: Arc<States>,
    pub(super) signals: Signals,
    pub(super) line: Line,
    pub(super) announcer: Announcer,
}

/// The report of a run to its pump.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) id: JobId,
    /// Which run of the job it was, as this pump counts.
    pub(super) run: u64,
    /// None if the run was aborted.
    pub(super) ruling: Option<Ruling>,
}

/// Reports in any case: also when the run is aborted, its pump hears of it.
pub(super) struct Reporter {
    pub(super) to: mpsc::Sender<Finished>,
    pub(super) id: JobId,
    pub(super) run: u64,
}

impl Reporter {
    fn report(&self, ruling: Option<Ruling>) {
        // The pump's channel has room for every run that is alive, and each reports once.
        let _ = self.to.try_send(Finished { id: self.id.clone(), run: self.run, ruling });
    }
}

/// Holds a reporter until it has reported.
struct Pending(Option<Reporter>);

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(reporter) = self.0.take() {
            reporter.report(None);
        }
    }
}

impl Run {
    /// Runs the job and reports what becomes of it.
    pub(super) async fn go(self, reporter: Reporter) {
        let mut pending = Pending(Some(reporter));
        let span = info_span!(
            "job",
            queue = %self.line.store.name(),
            name = %self.record.name,
            id = %self.id,
            attempt = self.terms.attempt,
        );
        let ruling = self.execute().instrument(span).await;
        if let Some(reporter) = pending.0.take() {
            reporter.report(Some(ruling));
        }
    }

    async fn execute(self) -> Ruling {
        // Held to the end of the run: the handler's own limits in this process.
        let _permit = self.entry.admit().await;
        let Self { id, record, terms, entry, states, signals, line, announcer } = self;
        announcer.say(|| WorkerEvent::Started {
            id: id.clone(),
            name: record.name.clone(),
            attempt: terms.attempt,
        });
        let began = Instant::now();
        // A timeout beyond what the clock can say is none.
        let deadline = terms.timeout.and_then(|limit| began.checked_add(limit));
        let (payload, codec, name) = (record.payload.clone(), record.codec, record.name.clone());
        let ctx = Context::new(ContextParts {
            id: id.clone(),
            record,
            attempt: terms.attempt,
            attempts: terms.attempts,
            states,
            deadline,
            signals: signals.clone(),
            line: Some(line),
        });
        let run = async {
            entry
                .call(&payload, codec, ctx)
                .map_err(Ended::BadPayload)?
                .await
                .map_err(Ended::Failure)
        };
        let run = AssertUnwindSafe(run).catch_unwind();
        let ended = match deadline {
            None => run.await,
            Some(deadline) => match timeout_at(deadline, run).await {
                Ok(ended) => ended,
                Err(_) => {
                    // What the handler has handed on may still go on: it hears that time is up.
                    signals.cancel.cancel();
                    Ok(Err(Ended::TimedOut(terms.timeout.unwrap_or_default())))
                }
            },
        };
        let ended = match ended {
            Ok(Ok(result)) => Ended::Success(result),
            Ok(Err(ended)) => ended,
            Err(panic) => Ended::Panicked(panic_message(&*panic)),
        };
        let ruling = rule(ended, &terms, codec);
        match &ruling.failure {
            None => {
                debug!(took = ?began.elapsed(), "completed");
                announcer.say(|| WorkerEvent::Completed { id, name, took: began.elapsed() });
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
