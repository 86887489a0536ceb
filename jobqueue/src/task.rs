//! The one type of background tasks, and where they run.

use std::pin::Pin;

/// A task that tokio knows only by what it returns.
pub(crate) type BoxTask<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Hides a future's type before it is spawned. Tokio compiles some 5,000 lines of LLVM's code for
/// each type of task: in a debug build, twenty types were a sixth of the library. A task that is
/// spawned once per job keeps its type.
pub(crate) fn boxed<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> BoxTask<T> {
    #[cfg(feature = "testing")]
    return placing::placed(future);
    #[cfg(not(feature = "testing"))]
    Box::pin(future)
}

/// What is about to be spawned with its own type: itself, unless this thread has another executor.
#[cfg(not(feature = "testing"))]
pub(crate) fn placed<F: Future>(future: F) -> F {
    future
}

#[cfg(feature = "testing")]
pub(crate) use placing::placed;

/// An executor of this thread's own, in which a simulation runs the library's tasks: in an order
/// that it decides, and none of them longer than it wants.
#[cfg(feature = "testing")]
pub(crate) mod placing {
    use std::{
        any::Any,
        cell::RefCell,
        future::pending,
        panic::{AssertUnwindSafe, resume_unwind},
        rc::Rc,
    };

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::BoxTask;

    /// Takes a task over, and gives what ends it when it is dropped.
    pub(crate) type Executor = Rc<dyn Fn(BoxTask<()>) -> Box<dyn Any + Send>>;

    thread_local! {
        static EXECUTOR: RefCell<Option<Executor>> = const { RefCell::new(None) };
    }

    /// From now on, this thread's tasks go there; none ends that.
    #[cfg(feature = "internals")]
    pub(crate) fn set(executor: Option<Executor>) {
        EXECUTOR.set(executor);
    }

    /// Gives a future to this thread's executor, if it has one. What is returned is spawned in its
    /// place: it ends when the future ends, and ends it when it is dropped.
    pub(crate) fn placed<T: Send + 'static>(
        future: impl Future<Output = T> + Send + 'static,
    ) -> BoxTask<T> {
        let Some(executor) = EXECUTOR.with_borrow(Clone::clone) else { return Box::pin(future) };
        let (done, outcome) = oneshot::channel();
        let end = executor(Box::pin(async move {
            let _ = done.send(AssertUnwindSafe(future).catch_unwind().await);
        }));
        Box::pin(async move {
            let _end = end;
            match outcome.await {
                Ok(Ok(value)) => value,
                Ok(Err(panic)) => resume_unwind(panic),
                // Its process was killed.
                Err(_) => pending().await,
            }
        })
    }
}
