//! What an add waits for before it counts.

use std::time::Duration;

use redis::Value;

use super::{
    command::Command,
    queue_store::QueueStore,
    reply,
    server_error::{self, About},
};
use crate::{
    error::{Error, Refused, Result},
    store::job,
};

/// What an add waits for before it counts.
///
/// Everything stronger than the default costs a round trip to replicas or a disk, shared by all
/// adds of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// The server has it. It survives as the server's own persistence does.
    ///
    /// Replication is asynchronous: a failover, by Sentinel or in a cluster, may lose what the
    /// master acknowledged but its replica didn't receive. On a sound network these are the last
    /// few milliseconds. A master that was cut off loses all that it acknowledged since, within
    /// `min-replicas-to-write` and `min-replicas-max-lag`. Outcomes of runs may be lost in the same
    /// way at any durability: such jobs run again.
    #[default]
    Acknowledged,
    /// This number of replicas have it too
    /// ([`WAIT`](https://redis.io/docs/latest/commands/wait/)).
    ///
    /// If you ask for all replicas, no failover loses it. While one of them is down, as just after
    /// a failover, adds are made and answered with [`Refused::NotDurable`].
    Replicated {
        /// How many replicas.
        replicas: u32,
        /// How long to wait for them.
        within: Duration,
    },
    /// It is in the append-only file, synced to the disk of the server and of this number of
    /// replicas ([`WAITAOF`](https://redis.io/docs/latest/commands/waitaof/); Redis 7.2 or Valkey).
    Synced {
        /// How many replicas beside the server itself.
        replicas: u32,
        /// How long to wait.
        within: Duration,
    },
}

impl QueueStore {
    /// The store for calls that wait for this. `WAIT` blocks its connection and counts what that
    /// connection wrote, so such calls have a connection of their own.
    pub(crate) fn for_durability(&self, durability: Durability) -> Self {
        match durability {
            Durability::Acknowledged => self.clone(),
            _ => self.with_own_connection(),
        }
    }

    /// Adds a batch and waits until it is as durable as asked for.
    ///
    /// Needs its [own connection](Self::for_durability), as [`call_durably`](Self::call_durably).
    pub(crate) async fn add_durably(
        &self,
        add: &job::Add<'_>,
        durability: Durability,
    ) -> Result<job::Added> {
        let (added, shortfall) = self.call_durably(add, durability).await?;
        shortfall.map_or(Ok(added), Err)
    }

    /// Calls a script and waits until its writes are as durable as asked for. Returns its answer,
    /// and the error if they are not.
    ///
    /// Needs its [own connection](Self::for_durability).
    pub(crate) async fn call_durably<C: Command>(
        &self,
        call: &C,
        durability: Durability,
    ) -> Result<(C::Reply, Option<Error>)> {
        let (wait, within) = match durability {
            Durability::Acknowledged => return Ok((self.call(call).await?, None)),
            Durability::Replicated { replicas, within } => {
                let mut wait = redis::cmd("WAIT");
                wait.arg(replicas).arg(super::millis(within).max(1));
                (wait, within)
            }
            Durability::Synced { replicas, within } => {
                let mut wait = redis::cmd("WAITAOF");
                wait.arg(1).arg(replicas).arg(super::millis(within).max(1));
                (wait, within)
            }
        };
        let limit = self.response_limit().saturating_add(within);
        let explain = |error| server_error::explain(error, self.about(call));
        // In one pipeline, hence on one connection: WAIT counts only what its connection wrote.
        let both = |add| {
            let mut pipeline = redis::pipe();
            pipeline.add_command(add).add_command(wait.clone());
            pipeline
        };
        let mut replies = self.route.request_all(&both(self.evalsha(call, None)), limit).await;
        if replies.as_ref().is_err_and(server_error::is_noscript) {
            replies = self.route.request_all(&both(self.eval(call, None)), limit).await;
        }
        let mut replies = replies.map_err(explain)?.into_iter();
        let answer = self.read(call, replies.next().unwrap_or_default())?;
        self.list::<C>().await;
        match replies.next() {
            Some(Value::ServerError(error)) => Err(explain(error.into())),
            waited => {
                let about = self.about(call);
                let confirmed = confirm(durability, about, within, waited.unwrap_or_default());
                Ok((answer, confirmed.err()))
            }
        }
    }
}

/// Compares the confirmations with the number asked for.
fn confirm(
    durability: Durability,
    about: About<'_>,
    waited: Duration,
    reply: Value,
) -> Result<(), Error> {
    const ACTION: &str = "wait for replicas";
    let refuse = |wanted: u32, confirmed: u32, by| {
        if confirmed >= wanted {
            return Ok(());
        }
        let operation = about.operation();
        Err(Error::from(Refused::NotDurable { operation, wanted, confirmed, by, waited }))
    };
    match durability {
        Durability::Acknowledged => Ok(()),
        Durability::Replicated { replicas, .. } => {
            refuse(replicas, reply::sparse(&reply, ACTION)?, "replicas")
        }
        Durability::Synced { replicas, .. } => {
            let [local, others] = reply::tuple(reply, ACTION)?;
            refuse(1, reply::sparse(&local, ACTION)?, "disk of the server itself")?;
            refuse(replicas, reply::sparse(&others, ACTION)?, "disks of replicas")
        }
    }
}
