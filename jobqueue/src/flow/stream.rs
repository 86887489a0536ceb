//! What is read of flows page by page.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use crate::error::FlowError;

/// Parts of a flow, or flows, as a [`Stream`]. They are read a few at a time, so that a flow of any
/// size can be read; it moves on meanwhile.
///
/// ```no_run
/// # async fn example(flow: jobqueue::FlowHandle<()>) -> Result<(), jobqueue::flow::FlowError> {
/// let mut nodes = flow.nodes();
/// while let Some(node) = nodes.next().await {
///     println!("{:?}", node?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct FlowStream<I>(Pin<Box<dyn Stream<Item = Result<I, FlowError>> + Send>>);

impl<I: Send + 'static> FlowStream<I> {
    /// Of pages: `next` answers the next one and where to go on; nothing at the end.
    pub(super) fn pages<S, F, P>(start: S, next: F) -> Self
    where
        S: Send + 'static,
        F: FnMut(S) -> P + Send + 'static,
        P: Future<Output = Result<Option<(Vec<I>, S)>, FlowError>> + Send + 'static,
    {
        let pages = stream::try_unfold(start, next);
        Self(Box::pin(pages.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten()))
    }

    /// The same of pages whose items may be errors: after such a one it goes on.
    pub(super) fn each<S, F, P>(start: S, next: F) -> Self
    where
        S: Send + 'static,
        F: FnMut(S) -> P + Send + 'static,
        P: Future<Output = Result<Option<(Vec<Result<I, FlowError>>, S)>, FlowError>>
            + Send
            + 'static,
    {
        Self(Box::pin(stream::try_unfold(start, next).map_ok(stream::iter).try_flatten()))
    }
}

impl<I> FlowStream<I> {
    /// The next one; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<I, FlowError>> {
        self.0.next().await
    }

    /// All that are left, in memory.
    ///
    /// # Errors
    /// The first that a part has.
    pub async fn all(self) -> Result<Vec<I>, FlowError> {
        self.0.try_collect().await
    }
}

impl<I> Stream for FlowStream<I> {
    type Item = Result<I, FlowError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<I> fmt::Debug for FlowStream<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowStream")
    }
}
