//! Which topics exist.

use crate::{
    client::Client,
    error::Result,
    job::QueueName,
    store::{Listed, MAX_BATCH},
};

impl Client {
    /// The names of the topics that exist, after this one or from the first: up to `count`, 1 to
    /// 1,000, in their order; and where the next page begins, if there is one. Kept as
    /// [`queues`](Self::queues) are.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let (topics, next) = client.topics(None, 100).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of any call.
    pub async fn topics(
        &self,
        after: Option<&QueueName>,
        count: usize,
    ) -> Result<(Vec<QueueName>, Option<QueueName>)> {
        let count = count.clamp(1, MAX_BATCH);
        let names = self.store().listed(Listed::Topic, after, count).await?;
        let next = names.last().filter(|_| names.len() == count).cloned();
        Ok((self.store().having(Listed::Topic, names).await?, next))
    }
}
