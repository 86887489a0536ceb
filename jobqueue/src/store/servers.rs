//! A client's store: a server or a cluster, and what all its queues share.

use std::{sync::Arc, time::Duration};

use super::{
    keys::{Keys, slot},
    link::{Cluster, ConnectionName, Destination, Limits, Link, Route, TlsOptions, server, url},
    queue_store::QueueStore,
    registry::Registry,
    senders::Senders,
};
use crate::{error::Result, job::QueueName};

/// A client's store: a server or a cluster, and what all its queues share.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(super) topology: Topology,
    pub(super) prefix: String,
    retry_timeout: Duration,
    /// Of the calls that are carried out once, on all queues.
    senders: Arc<Senders>,
    /// The names of what exists.
    pub(super) registry: Registry,
}

/// One server, with or without sentinels, or a cluster.
#[derive(Clone, Debug)]
pub(super) enum Topology {
    Server(Link),
    Cluster(Arc<Cluster>),
}

impl Store {
    /// Connects, and checks the server.
    pub(crate) async fn connect(
        destination: &Destination,
        tls: &TlsOptions,
        prefix: String,
        (limits, name): (Limits, ConnectionName),
        retry_timeout: Duration,
    ) -> Result<Self> {
        url::check_prefix(&prefix)?;
        let endpoint = destination.open(tls)?;
        let link = Link::new(endpoint.clone(), limits, name.clone());
        let clustered =
            server::check(&link).await.map_err(|error| url::explain(&endpoint, error))?;
        let topology = if clustered {
            Topology::Cluster(Cluster::connect(&endpoint, limits, name).await?)
        } else {
            Topology::Server(link)
        };
        let senders = Arc::new(Senders::new(retry_timeout));
        let registry = Registry::new(topology.route(slot(&Registry::key(&prefix))), &prefix);
        Ok(Self { topology, prefix, retry_timeout, senders, registry })
    }

    pub(super) fn retry_timeout(&self) -> Duration {
        self.retry_timeout
    }

    pub(crate) fn queue(&self, queue: &QueueName) -> QueueStore {
        let keys = Keys::new(&self.prefix, queue);
        let route = self.topology.route(keys.slot());
        let (retry_timeout, senders) = (self.retry_timeout, self.senders.clone());
        QueueStore { route, keys, retry_timeout, senders, registry: self.registry.clone() }
    }
}

impl Topology {
    /// The way to a slot.
    pub(super) fn route(&self, slot: u16) -> Route {
        match self {
            Self::Server(link) => Route::Server(link.clone()),
            Self::Cluster(cluster) => Route::slot(cluster, slot),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        match self {
            Self::Server(link) => link.limits(),
            Self::Cluster(cluster) => cluster.limits(),
        }
    }
}
