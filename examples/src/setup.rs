//! What the programs of the demo have in common.

use std::env;

use jobqueue::{Client, Result};

/// The variable by which the demo tells its workers what its keys begin with.
pub const PREFIX: &str = "JOBQUEUE_DEMO_PREFIX";

/// Connects to `REDIS_URL`, or to the server on this machine.
///
/// # Errors
/// Redis can't be reached.
pub async fn connect(prefix: &str) -> Result<Client> {
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    Client::builder(&url).prefix(prefix).connect().await
}

/// Logs to standard error what `RUST_LOG` says; by default only errors.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
