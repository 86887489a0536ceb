//! How the servers are.

use super::Client;
use crate::{
    error::Result,
    job::QueueName,
    stats::{KeySize, Orphans, ServerReport},
};

impl Client {
    /// How the server is, or each master of a cluster: versions, memory, what a crash may lose, clocks,
    /// slow calls. Seven commands each. What the server's ACL forbids is
    /// [named](ServerReport::hidden), and is no error.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// for server in client.server_reports().await? {
    ///     println!("{}: {:?}, {:?}", server.address, server.version, server.eviction);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) if one can't be reached.
    pub async fn server_reports(&self) -> Result<Vec<ServerReport>> {
        self.store().server_reports().await
    }

    /// How much memory the keys of a queue take that grow with its jobs, as the server estimates it;
    /// those that don't exist are left out. Eight commands.
    ///
    /// # Errors
    /// Those of any call; also where the server has no `MEMORY USAGE`, or forbids it.
    pub async fn key_sizes(&self, queue: &QueueName) -> Result<Vec<KeySize>> {
        self.store().queue(queue).key_sizes().await
    }

    /// Looks at up to 100 records of a queue's jobs, drawn at random, and says which of them are in no
    /// state: nothing runs, ends or removes those. There are none unless somebody has changed the queue's
    /// keys by hand, or a part of them was lost. Two commands, or three.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn orphans(&self, queue: &QueueName) -> Result<Orphans> {
        self.store().queue(queue).orphans().await
    }
}
