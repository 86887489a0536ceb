//! The endpoints of a worker's process.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jobqueue::{Client, Queue, Result, WorkerHandle, telemetry::WorkerHealth};
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::{health, metrics, metrics::Readings};

/// Answers probes and scrapers for a worker: see [the crate](crate).
#[derive(Clone, Debug)]
pub struct Monitor {
    client: Client,
    worker: WorkerHandle,
    more: Vec<Queue>,
    readings: Arc<Readings>,
}

/// Why [`Monitor::serve`] doesn't serve.
#[derive(Debug, thiserror::Error)]
#[error("failed to answer probes at {address}: choose an address that is free")]
#[non_exhaustive]
pub struct ServeError {
    /// Where it was to listen.
    pub address: SocketAddr,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

impl Monitor {
    /// Answers for this worker. `/metrics` tells of the queues that it serves.
    #[must_use]
    pub fn new(client: &Client, worker: WorkerHandle) -> Self {
        let readings = Arc::new(Readings::default());
        Self { client: client.clone(), worker, more: Vec::new(), readings }
    }

    /// `/metrics` tells of this queue too. Such are queues that the process adds to, and dead-letter
    /// queues, which nobody serves.
    ///
    /// # Errors
    /// [`Error::Invalid`](jobqueue::Error::Invalid) if it can't be the name of a queue.
    pub fn queue(mut self, name: impl AsRef<str>) -> Result<Self> {
        self.more.push(self.client.queue(name)?);
        Ok(self)
    }

    /// The endpoints, to be merged into the router of a server.
    ///
    /// ```no_run
    /// # use axum::Router;
    /// # fn example(monitor: jobqueue_monitor::Monitor, app: Router) -> Router {
    /// app.merge(monitor.router())
    /// # }
    /// ```
    pub fn router(self) -> Router {
        Router::new()
            .route("/metrics", get(scraped))
            .route("/health/live", get(live))
            .route("/health/ready", get(ready))
            .with_state(self)
    }

    /// Listens there until it is dropped. It goes on while the worker drains, so that probes hear of
    /// it.
    ///
    /// # Errors
    /// [`ServeError`] if the address can't be listened at. It is written to the log too, since
    /// nobody may look at the task's end.
    pub async fn serve(self, address: impl Into<SocketAddr>) -> Result<(), ServeError> {
        let address = address.into();
        let served = async {
            let listener = TcpListener::bind(address).await?;
            info!(address = %listener.local_addr()?, "answering probes and scrapers");
            axum::serve(listener, self.router()).await
        };
        served.await.map_err(|source| {
            warn!(%address, error = %source, "probes and scrapers get no answer");
            ServeError { address, source }
        })
    }

    /// The queues to tell of: those that the worker serves, and those that were named.
    fn queues(&self, health: &WorkerHealth) -> Result<Vec<Queue>> {
        let served = health.queues.iter().map(|it| self.client.queue(&it.queue));
        let mut queues = served.collect::<Result<Vec<_>>>()?;
        queues.extend(self.more.iter().cloned());
        queues.sort_by(|a, b| a.name().cmp(b.name()));
        queues.dedup_by(|a, b| a.name() == b.name());
        Ok(queues)
    }

    async fn text(&self) -> Result<String> {
        let health = self.worker.health();
        let mut text = self.readings.text(&self.queues(&health)?).await?;
        text.push_str(&metrics::health(&health));
        Ok(text)
    }
}

async fn live(State(monitor): State<Monitor>) -> Response {
    health::live(&monitor.worker).into_response()
}

async fn ready(State(monitor): State<Monitor>) -> Response {
    health::ready(&monitor.worker).into_response()
}

/// A scrape that can't be answered says so by its status: then Prometheus notes that it failed.
async fn scraped(State(monitor): State<Monitor>) -> Response {
    const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";
    match monitor.text().await {
        Ok(text) => ([(header::CONTENT_TYPE, KIND)], text).into_response(),
        Err(error) => {
            warn!(%error, "a scrape wasn't answered");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response()
        }
    }
}
