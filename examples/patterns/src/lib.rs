//! What the pattern programs have in common: the connection to Redis, and an endpoint for
//! Prometheus.

pub mod endpoint;

use jobqueue::{Client, Result};

/// Connects to `REDIS_URL`, or to a server in the process itself.
///
/// # Errors
/// Redis can't be reached.
pub async fn connect() -> Result<Client> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "embedded:".to_owned());
    Client::connect(&url).await
}
