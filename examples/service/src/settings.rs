//! What the environment says.

use std::net::SocketAddr;

use anyhow::Context as _;

/// What the service is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The Redis server: `REDIS_URL`.
    pub redis_url: String,
    /// Where the API and the dashboard listen: `LISTEN`, 127.0.0.1:8080 by default.
    pub listen: SocketAddr,
    /// Where probes and scrapers are answered: `MONITOR_LISTEN`, 127.0.0.1:9090 by default.
    pub monitor_listen: SocketAddr,
    /// The password of `admin` at the dashboard: `ADMIN_PASSWORD`. Without one the dashboard is open,
    /// to this machine alone.
    pub admin_password: Option<String>,
    /// Jobs at once: `CONCURRENCY`, 20 by default.
    pub concurrency: usize,
    /// Whether orders are made that nobody made: `TRAFFIC=1`.
    pub traffic: bool,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable can't be read, or `REDIS_URL` isn't set.
    pub fn from_env() -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let address = |name: &str, default: &str| {
            let text = variable(name).unwrap_or_else(|| default.to_owned());
            text.parse().with_context(|| format!("{name} is {text}: give an address and a port"))
        };
        let concurrency = variable("CONCURRENCY").map_or(Ok(20), |text| text.parse());
        Ok(Self {
            redis_url: variable("REDIS_URL").context("set REDIS_URL, as redis://127.0.0.1")?,
            listen: address("LISTEN", "127.0.0.1:8080")?,
            monitor_listen: address("MONITOR_LISTEN", "127.0.0.1:9090")?,
            admin_password: variable("ADMIN_PASSWORD"),
            concurrency: concurrency.context("CONCURRENCY is no number")?,
            traffic: variable("TRAFFIC").is_some(),
        })
    }
}
