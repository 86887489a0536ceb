//! Alerts on the number of waiting dead letters.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::timeout;

use super::DeadLetters;
use crate::{error::Result, event::EventStream};

/// How long to wait for an event before the dead letters are counted again.
const COUNT_AGAIN: Duration = Duration::from_secs(5);

impl DeadLetters {
    /// Waits until at least `threshold` dead letters wait; returns how many do.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn wait_for(&self, threshold: u64) -> Result<u64> {
        Watch::new(self, threshold).next().await
    }

    /// A stream with an item each time that the number of waiting dead letters rises to
    /// `threshold`; the item is that number. A threshold that is reached already counts.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let mut alerts = client.dead_letters("orders-dlq")?.length_alerts(100);
    /// while let Some(length) = alerts.next().await {
    ///     eprintln!("{} orders have failed for good", length?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn length_alerts(&self, threshold: u64) -> LengthAlerts {
        let watch = Watch::new(self, threshold);
        LengthAlerts(Box::pin(stream::unfold(watch, |mut watch| async move {
            let item = watch.next().await;
            Some((item, watch))
        })))
    }
}

/// A [`Stream`] of alerts that never ends; see [`DeadLetters::length_alerts`].
///
/// After an alert the next one comes when fewer dead letters have waited in between. A call that
/// fails for longer than the client's [`retry_timeout`](crate::ClientBuilder::retry_timeout) is an
/// item with its error; the stream goes on after it.
pub struct LengthAlerts(Pin<Box<dyn Stream<Item = Result<u64>> + Send>>);

impl LengthAlerts {
    /// The next alert; never `None`. Its future may be dropped at any time: no alert is missed by
    /// that.
    pub async fn next(&mut self) -> Option<Result<u64>> {
        self.0.next().await
    }
}

impl Stream for LengthAlerts {
    type Item = Result<u64>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for LengthAlerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LengthAlerts")
    }
}

/// Counts the dead letters after each event of their queue.
struct Watch {
    dead_letters: DeadLetters,
    /// From before the first count on.
    events: Option<EventStream>,
    threshold: u64,
    /// There were fewer than the threshold since the last alert.
    armed: bool,
}

impl Watch {
    fn new(dead_letters: &DeadLetters, threshold: u64) -> Self {
        Self { dead_letters: dead_letters.clone(), events: None, threshold, armed: true }
    }

    async fn next(&mut self) -> Result<u64> {
        loop {
            match &mut self.events {
                Some(events) => wait_for_change(events).await?,
                None => {
                    let queue = self.dead_letters.queue();
                    let feeds = queue.client().shared();
                    self.events = Some(EventStream::opened(feeds, queue.store()).await?);
                }
            }
            let count = self.dead_letters.count().await?;
            let reached = count >= self.threshold;
            if std::mem::replace(&mut self.armed, !reached) && reached {
                return Ok(count);
            }
        }
    }
}

/// Waits for an event of any kind, or for a while without one.
async fn wait_for_change(events: &mut EventStream) -> Result<()> {
    match timeout(COUNT_AGAIN, events.next()).await {
        Ok(Some(Err(error))) => Err(error),
        _ => Ok(()),
    }
}
