#![cfg_attr(docsrs, feature(doc_cfg))]

//! Health probes, metrics and systemd notifications for workers of [jobqueue].
//!
//! One line makes a worker's process answer Kubernetes and Prometheus:
//!
//! ```no_run
//! # use jobqueue::{job, Client, Worker};
//! # #[job] async fn ship(_order: u64) {}
//! # async fn example(client: Client) -> jobqueue::Result<()> {
//! use jobqueue_monitor::Monitor;
//!
//! let worker = Worker::builder(&client).handler(ship).build()?;
//! tokio::spawn(Monitor::new(&client, worker.handle()).serve(([0, 0, 0, 0], 9090)));
//! worker.run().await
//! # }
//! ```
//!
//! | path | answers |
//! | --- | --- |
//! | `/metrics` | the queues that the worker serves, their dead letters if they are named, and its own health, as Prometheus scrapes them |
//! | `/health/live` | 200 while the process is to go on; 503 when only a restart helps: a handler blocks the runtime, or the worker has ended |
//! | `/health/ready` | 200 while it takes jobs; 503 while it starts, drains, or can't reach Redis |
//!
//! Both probes answer with [`WorkerHealth`](jobqueue::telemetry::WorkerHealth) as JSON, and the
//! reasons: `{"live": true, "ready": false, "problems": ["the worker stops, and takes no more jobs"],
//! "phase": "draining", "queues": […]}`. They ask nobody, so they cost Redis nothing.
//!
//! There is no authentication: listen where only probes and scrapers come to, or nest
//! [`Monitor::router`] in a server of your own.
//!
//! Under systemd, [`notify()`] tells the service manager when the worker is ready, that it stops, and
//! that it is alive.

mod health;
mod metrics;
mod monitor;
#[cfg(target_os = "linux")]
mod notify;

pub use monitor::{Monitor, ServeError};
#[cfg(target_os = "linux")]
pub use notify::notify;
