//! What a call of a handler gives, and what stands for one that is implemented elsewhere.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

/// A handler's run, without a queue and without Redis.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A handler that was called like a function, in a test for instance: await it for what the function gives.
///
/// `R` is the function's own return type. `K` says which kind of job or broadcast the function handles, so that
/// its name is enough for [`Client::add`](crate::Client::add) and
/// [`WorkerBuilder::handler`](crate::WorkerBuilder::handler).
#[must_use = "a handler does nothing until it is awaited"]
pub struct HandlerFuture<R, K> {
    run: BoxFuture<R>,
    kind: PhantomData<fn() -> K>,
}

impl<R, K> HandlerFuture<R, K> {
    /// For the code that the macros write.
    #[doc(hidden)]
    pub fn __jobqueue_new(run: BoxFuture<R>) -> Self {
        Self { run, kind: PhantomData }
    }
}

impl<R, K> Future for HandlerFuture<R, K> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        self.run.as_mut().poll(cx)
    }
}

impl<R, K> fmt::Debug for HandlerFuture<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerFuture").finish_non_exhaustive()
    }
}

/// A handler that is declared here and implemented in another crate, by
/// [`#[job(implements = …)]`](macro@crate::job).
///
/// The function's name is enough to add jobs. There is nothing to call or to await. `R` is the return type that was
/// declared, and `J` the kind of job.
#[must_use = "a declaration has no body: add it to a queue, and call what implements it"]
pub struct Declaration<R, J>(PhantomData<fn() -> (R, J)>);

impl<R, J> Declaration<R, J> {
    /// For the code that the macros write.
    #[doc(hidden)]
    pub const fn __jobqueue_new() -> Self {
        Self(PhantomData)
    }
}

impl<R, J> fmt::Debug for Declaration<R, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declaration").finish_non_exhaustive()
    }
}
