//! The trace that an add belongs to, if the add names none itself.

use std::{fmt, sync::Arc};

use crate::job::TraceContext;

tokio::task_local! {
    /// The trace of the run that this task carries out.
    static RUN: TraceContext;
}

/// A function that knows the current trace, such as OpenTelemetry's.
#[derive(Clone)]
pub(super) struct TraceSource(Arc<dyn Fn() -> Option<TraceContext> + Send + Sync>);

impl TraceSource {
    pub(super) fn new(current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }
}

impl fmt::Debug for TraceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TraceSource")
    }
}

/// The trace that an add made at this point continues: the source's answer, or else the trace of
/// the run that makes the add.
pub(super) fn current(source: Option<&TraceSource>) -> Option<TraceContext> {
    source.and_then(|source| (source.0)()).or_else(run)
}

/// The trace of the run that makes this call.
pub(crate) fn run() -> Option<TraceContext> {
    RUN.try_with(Clone::clone).ok()
}

/// Carries out a run whose adds continue its trace.
pub(crate) async fn within<F: Future>(trace: TraceContext, run: F) -> F::Output {
    RUN.scope(trace, run).await
}

/// Carries out a blocking run whose adds continue its trace.
pub(crate) fn within_blocking<T>(trace: Option<TraceContext>, run: impl FnOnce() -> T) -> T {
    match trace {
        Some(trace) => RUN.sync_scope(trace, run),
        None => run(),
    }
}
