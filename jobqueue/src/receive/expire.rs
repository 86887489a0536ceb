//! Expired jobs of a queue that has no worker.

use std::time::Duration;

use super::{context::ReceiveContext, fetcher::Fetcher, rules::Rules, settle::settle};
use crate::{error::Result, queue::Queue, settle::ServerClock};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(30);

impl Queue {
    /// Fails jobs that have waited longer than their [time to live](crate::Add::ttl), and answers
    /// how many.
    ///
    /// Workers and receives do so by themselves. This is for a queue that has neither, such as one
    /// whose jobs wait until they expire and then go on to its dead-letter queue.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn expire(&self) -> Result<u64> {
        let mut fetcher = Fetcher::new(self.store().clone(), STEP);
        let mut count = 0;
        loop {
            // It wants nothing, so all that it gets has expired.
            let turn = fetcher.fetch(0).await?;
            let dead_letter = turn.more.dead_letter;
            let context = ReceiveContext::new(self.clone(), Rules::DEFAULT, dead_letter);
            let (_, expired) = context.sort(turn.taken, ServerClock::new(turn.now));
            match fetcher.name() {
                Some(worker) if !expired.is_empty() => {
                    settle(self, worker, &expired, Duration::ZERO).await?;
                    fetcher.settled();
                }
                _ => break,
            }
            count += expired.len() as u64;
        }
        fetcher.leave().await;
        // The outbox may also hold entries of processes that died.
        self.client().relays().relay(self.name()).await?;
        Ok(count)
    }
}
