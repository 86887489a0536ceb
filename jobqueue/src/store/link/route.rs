//! The way of a queue's requests to their server.
//!
//! Redirections are followed here and not by the redis crate's cluster client, which would also
//! send requests again after a broken connection: see [`cluster`](super::cluster).

use std::{sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, RedisError, ServerErrorKind, Value};

use super::{
    cluster::{Address, Cluster, Links},
    connection::{Link, first_accepted},
    dial::{Limits, unreachable},
};
use crate::store::server_error;

/// Where a queue's requests go.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    /// To the one server there is.
    Server(Link),
    /// To the node of a cluster that serves the queue's slot.
    Slot(Slot),
}

/// One slot of a cluster, and the links to be used for it.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    cluster: Arc<Cluster>,
    links: Arc<Links>,
    number: u16,
}

impl Route {
    /// To a slot of a cluster, over the links that all queues share.
    pub(crate) fn slot(cluster: &Arc<Cluster>, number: u16) -> Self {
        Self::Slot(Slot { cluster: cluster.clone(), links: cluster.links(), number })
    }

    /// The same route over other connections.
    pub(crate) fn sibling(&self) -> Self {
        match self {
            Self::Server(link) => Self::Server(link.sibling()),
            Self::Slot(Slot { cluster, number, .. }) => {
                let links = cluster.new_links();
                Self::Slot(Slot { cluster: cluster.clone(), links, number: *number })
            }
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        match self {
            Self::Server(link) => link.limits(),
            Self::Slot(slot) => slot.links.limits(),
        }
    }

    pub(crate) async fn request(&self, command: &Cmd) -> Result<Value, RedisError> {
        self.request_within(command, self.limits().response).await
    }

    pub(crate) async fn request_within(
        &self,
        command: &Cmd,
        limit: Duration,
    ) -> Result<Value, RedisError> {
        match self {
            Self::Server(link) => link.request_within(command, limit).await,
            // Boxed, so that the future stays small for clients with one server.
            Self::Slot(slot) => Box::pin(slot.request_within(command, limit)).await,
        }
    }

    /// Sends several commands at once, and gives each one's own answer, unless the first is
    /// refused.
    pub(crate) async fn request_all(
        &self,
        pipeline: &Pipeline,
        limit: Duration,
    ) -> Result<Vec<Value>, RedisError> {
        match self {
            Self::Server(link) => link.request_all(pipeline, limit).await,
            Self::Slot(slot) => Box::pin(slot.request_all(pipeline, limit)).await,
        }
    }

    /// Counts the connections of this route that are gone.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Server(link) => link.generation(),
            Self::Slot(slot) => slot.links.generation(),
        }
    }

    pub(crate) fn disconnect(&self) {
        match self {
            Self::Server(link) => link.disconnect(),
            Self::Slot(slot) => slot.links.disconnect(),
        }
    }
}

impl Slot {
    async fn request_within(&self, command: &Cmd, limit: Duration) -> Result<Value, RedisError> {
        let mut redirects = Redirects::begin(self);
        loop {
            let reply = match redirects.next().await? {
                (link, false) => link.request_within(command, limit).await,
                (link, true) => {
                    let replies = ask(&link, [command].into_iter(), limit).await;
                    replies.map(|replies| replies.into_iter().next().unwrap_or_default())
                }
            };
            match reply {
                Err(error) => redirects.follow(error)?,
                answered => return answered,
            }
        }
    }

    async fn request_all(
        &self,
        pipeline: &Pipeline,
        limit: Duration,
    ) -> Result<Vec<Value>, RedisError> {
        let mut redirects = Redirects::begin(self);
        loop {
            let replies = match redirects.next().await? {
                (link, false) => link.request_all(pipeline, limit).await,
                (link, true) => ask(&link, pipeline.cmd_iter(), limit).await,
            };
            match replies {
                Err(error) => redirects.follow(error)?,
                answered => return answered,
            }
        }
    }
}

/// Sends commands to the node that a slot moves to. ASKING counts for the next command alone.
async fn ask(
    link: &Link,
    commands: impl Iterator<Item = &Cmd>,
    limit: Duration,
) -> Result<Vec<Value>, RedisError> {
    let mut pipeline = redis::pipe();
    pipeline.cmd("ASKING");
    for command in commands {
        pipeline.add_command(command.clone());
    }
    let mut replies = link.request_all(&pipeline, limit).await?;
    replies.remove(0);
    first_accepted(replies)
}

/// The most redirections of a request. Two or three are usual at worst.
const MAX_HOPS: u8 = 8;

/// A request's way from node to node. A node that redirects has not run it.
struct Redirects<'a> {
    slot: &'a Slot,
    hops: u8,
    at: Option<Address>,
    /// The node of the last redirection, and whether it needs ASKING.
    detour: Option<(Address, bool)>,
}

impl<'a> Redirects<'a> {
    fn begin(slot: &'a Slot) -> Self {
        Self { slot, hops: 0, at: None, detour: None }
    }

    async fn next(&mut self) -> Result<(Link, bool), RedisError> {
        let (address, asking) = match self.detour.take() {
            Some(detour) => detour,
            None => (self.slot.cluster.master(self.slot.number).await?, false),
        };
        let link = self.slot.links.get(&address)?;
        self.at = Some(address);
        Ok((link, asking))
    }

    /// Follows the redirection in the error, or returns the error if there is none.
    fn follow(&mut self, error: RedisError) -> Result<(), RedisError> {
        let Some((node, _)) = error.redirect_node() else {
            if server_error::is_readonly(&error) {
                self.slot.cluster.mark_stale();
                return Err(unreachable("the master has become a replica"));
            }
            if server_error::is_broken(&error) || error.code() == Some("CLUSTERDOWN") {
                self.slot.cluster.mark_stale();
            }
            return Err(error);
        };
        let asking = error.kind() == ServerErrorKind::Ask.into();
        if !asking {
            self.slot.cluster.mark_stale();
        }
        self.hops += 1;
        if self.hops > MAX_HOPS {
            return Err(unreachable("the cluster's nodes send the request round and round"));
        }
        let here = self.at.as_ref().map(|address| &*address.host);
        self.detour = Some((Address::parse(node, here).ok_or(error)?, asking));
        Ok(())
    }
}
