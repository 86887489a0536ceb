//! The worker at work. It may rest between two drives of a test, in the middle of a run.

use std::{pin::Pin, sync::Arc};

use tokio::sync::oneshot;

use super::stage::{Mode, Stage};
use crate::{
    error::Result,
    job::QueueName,
    worker::{Crashes, QueuesAside, Worker, WorkerHandle},
};

/// The worker at work, until it is told to stop. Dropped, it dies, and leaves its jobs to the next,
/// when its lease is over.
pub(super) struct DrivenWorker {
    work: Pin<Box<dyn Future<Output = Result<()>> + Send>>,
    crashes: Crashes,
    stop: oneshot::Sender<()>,
    handle: Option<WorkerHandle>,
}

impl DrivenWorker {
    /// Has the worker begin, on all of its queues or on one.
    pub(super) async fn begin(stage: &Stage, only: Option<&QueueName>) -> Self {
        debug_assert_ne!(stage.mode(), Mode::Live, "a live worker is always at work");
        let mut place = Arc::clone(&stage.worker).lock_owned().await;
        let (stop, stopped) = oneshot::channel();
        let handle = place.as_ref().map(|worker| worker.handle());
        let only = only.cloned();
        let work = async move {
            let Some(worker) = place.as_mut() else { return Ok(()) };
            let alone = Alone::new(worker, only.as_ref());
            alone.worker.handle().begin();
            let stopped = async { drop(stopped.await) };
            alone.worker.run_once_until(stopped).await
        };
        Self { work: Box::pin(work), crashes: stage.watch.crashes(), stop, handle }
    }

    /// Works until this is ready. The first is none if the worker died before, and the end of its
    /// work if that came before.
    pub(super) async fn until<T>(&mut self, ready: impl Future<Output = T>) -> Worked<T> {
        tokio::select! {
            biased;
            () = self.crashes.next() => Worked::Died,
            ended = &mut self.work => Worked::Ended(ended),
            ready = ready => Worked::Ready(ready),
        }
    }

    /// It fetches nothing more. What it runs goes on.
    pub(super) fn rest(&self) {
        if let Some(handle) = &self.handle {
            handle.pause();
        }
    }

    pub(super) fn go_on(&self) {
        if let Some(handle) = &self.handle {
            handle.resume();
        }
    }

    /// Ends in peace, unless it dies before.
    pub(super) async fn end(self) -> Result<()> {
        let Self { work, mut crashes, stop, .. } = self;
        self.handle.as_ref().map(WorkerHandle::resume).unwrap_or_default();
        // It may have ended by itself.
        let _ = stop.send(());
        tokio::select! {
            biased;
            () = crashes.next() => Ok(()),
            ended = work => ended,
        }
    }
}

/// How far the worker came.
pub(super) enum Worked<T> {
    Died,
    Ended(Result<()>),
    Ready(T),
}

/// A worker that runs one of its queues alone, until this is dropped.
struct Alone<'a> {
    worker: &'a mut Worker,
    others: QueuesAside,
}

impl<'a> Alone<'a> {
    fn new(worker: &'a mut Worker, only: Option<&QueueName>) -> Self {
        let others = only.map(|only| worker.put_aside(only)).unwrap_or_default();
        Self { worker, others }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.worker.take_back(std::mem::take(&mut self.others));
    }
}
