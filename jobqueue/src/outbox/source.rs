//! Registering the sources of a queue.

use super::relays::Relays;
use crate::{error::Result, job::QueueName, store::outbox::RegisterSource};

impl Relays {
    /// Tells a queue that effects of `source` will come. Its workers then relay that outbox if need
    /// be.
    ///
    /// # Errors
    /// Those of any call.
    pub(crate) async fn register_source(
        &self,
        source: &QueueName,
        queue: &QueueName,
    ) -> Result<()> {
        self.store().queue(queue).call_retrying(&RegisterSource { source }).await
    }
}
