//! Which trace an add belongs to, if it says nothing itself.

use std::{fmt, sync::Arc};

use crate::job::TraceContext;

tokio::task_local! {
    /// Of the run that this task is.
    static RUN: TraceContext;
}

/// Where the current place in a trace is asked for, such as at OpenTelemetry.
#[derive(Clone)]
pub(crate) struct TraceSource(Arc<dyn Fn() -> Option<TraceContext> + Send + Sync>);

impl TraceSource {
    pub(crate) fn new(current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }
}

impl fmt::Debug for TraceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TraceSource")
    }
}

/// The trace that an add made here and now goes on with: what the client's source says, or else that of the
/// run that makes it.
pub(crate) fn current(source: Option<&TraceSource>) -> Option<TraceContext> {
    source.and_then(|source| (source.0)()).or_else(run)
}

/// The trace of the run that makes this call.
pub(crate) fn run() -> Option<TraceContext> {
    RUN.try_with(Clone::clone).ok()
}

/// A run whose adds go on with its trace.
pub(crate) async fn within<F: Future>(trace: TraceContext, run: F) -> F::Output {
    RUN.scope(trace, run).await
}

/// The same of one that blocks.
pub(crate) fn within_blocking<T>(trace: Option<TraceContext>, run: impl FnOnce() -> T) -> T {
    match trace {
        Some(trace) => RUN.sync_scope(trace, run),
        None => run(),
    }
}
