//! The one type of background tasks.

use std::pin::Pin;

/// A task that tokio knows only by what it returns.
pub(crate) type BoxTask<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Hides a future's type before it is spawned. Tokio compiles some 5,000 lines of LLVM's code for
/// each type of task: in a debug build, twenty types were a sixth of the library. A task that is
/// spawned once per job keeps its type.
pub(crate) fn boxed<T>(future: impl Future<Output = T> + Send + 'static) -> BoxTask<T> {
    Box::pin(future)
}
