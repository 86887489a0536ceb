//! A look at many queues at once.

use futures_util::future::try_join_all;

use crate::{
    client::Client,
    error::Result,
    job::QueueName,
    stats::QueueGlance,
    store::{MAX_BATCH, queue},
};

impl Client {
    /// These queues now, for a list of many: those that exist, in the order of their names here.
    /// Each is read at one moment, in a call of its own; up to 1,000 calls are on their way at once.
    ///
    /// An idle queue costs seven commands; one where jobs wait two more, if they have one priority;
    /// delayed jobs one, and each worker one. For all of one queue there is [`Queue::stats`](crate::Queue::stats); which
    /// queues there are, [`client.queues()`](Self::queues) says.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let names: Vec<_> = client.queues().all().await?.into_iter().map(|it| it.name).collect();
    /// for queue in client.glance(&names).await? {
    ///     println!("{}: {} wait, {} failed", queue.queue, queue.waiting, queue.failed);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of any call, of whichever queue.
    pub async fn glance(&self, names: &[QueueName]) -> Result<Vec<QueueGlance>> {
        let mut all = Vec::with_capacity(names.len());
        for names in names.chunks(MAX_BATCH) {
            let look = async |name| {
                let store = self.store().queue(name);
                store.call_retrying(&queue::Glance { queue: name }).await
            };
            all.extend(try_join_all(names.iter().map(look)).await?.into_iter().flatten());
        }
        Ok(all)
    }
}
