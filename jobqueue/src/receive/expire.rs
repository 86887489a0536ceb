//! Jobs that have expired in a queue that nobody works on.

use std::time::Duration;

use super::{intake::Intake, session::Session};
use crate::{error::Result, queue::Queue};

/// How long a step may take.
const LEASE: Duration = Duration::from_secs(30);

impl Queue {
    /// Fails jobs that have waited for longer than their [time to live](crate::Add::ttl), and answers how many.
    ///
    /// Workers and receives do so by themselves; this is for a queue that has neither, such as one in which jobs
    /// wait until they expire and go on to the queue's dead-letter queue.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn expire(&self) -> Result<u64> {
        let rules = self.receiver().rules;
        let mut session = Session::new(self.clone(), LEASE);
        let mut count = 0;
        loop {
            let turn = session.take(0).await?;
            let intake = Intake::new(self.clone(), rules.clone(), turn.more.dead_letter);
            // Nothing else is taken by one that wants nothing.
            let (_, expired) = intake.sort(turn.taken);
            match session.name() {
                Some(worker) if !expired.is_empty() => {
                    intake.settle(worker, &expired, Duration::ZERO).await?;
                }
                _ => break,
            }
            count += expired.len() as u64;
        }
        session.leave().await;
        // What was written by those who are gone goes on its way, too.
        self.client().relays().relay(self.name()).await?;
        Ok(count)
    }
}
