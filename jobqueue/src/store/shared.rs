//! The store as a client has it: a server or a cluster, and what all its queues share.

use std::{sync::Arc, time::Duration};

use super::{
    keys::Keys,
    link::{Cluster, Limits, Link, Route, TlsOptions, server, url},
    queue_store::QueueStore,
};
use crate::{error::Result, job::QueueName};

/// The store as a client has it: a server or a cluster, and what all its queues share.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(super) site: Site,
    pub(super) prefix: String,
    patience: Duration,
}

/// What there is: one server, with or without sentinels, or a cluster.
#[derive(Clone, Debug)]
pub(super) enum Site {
    Server(Link),
    Cluster(Arc<Cluster>),
}

impl Store {
    /// Connects, and checks that the server will do.
    pub(crate) async fn connect(
        url: &str,
        tls: &TlsOptions,
        prefix: String,
        limits: Limits,
        patience: Duration,
    ) -> Result<Self> {
        url::check_prefix(&prefix)?;
        let home = url::open(url, tls)?;
        let link = Link::new(home.clone(), limits);
        let clustered = server::check(&link).await.map_err(|error| url::explain(&home, error))?;
        let site = if clustered {
            Site::Cluster(Cluster::connect(&home, limits).await?)
        } else {
            Site::Server(link)
        };
        Ok(Self { site, prefix, patience })
    }

    pub(crate) fn queue(&self, queue: &QueueName) -> QueueStore {
        let keys = Keys::new(&self.prefix, queue);
        let route = match &self.site {
            Site::Server(link) => Route::Server(link.clone()),
            Site::Cluster(cluster) => cluster.route(keys.slot()),
        };
        QueueStore { route, keys, patience: self.patience }
    }
}

impl Site {
    pub(super) fn limits(&self) -> Limits {
        match self {
            Self::Server(link) => link.limits(),
            Self::Cluster(cluster) => cluster.limits(),
        }
    }
}
