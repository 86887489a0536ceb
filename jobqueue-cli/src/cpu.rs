//! What Redis has computed so far.

use std::time::Duration;

use redis::aio::MultiplexedConnection;

/// A connection to ask by; none where there is no server to ask, or several.
pub(crate) struct Cpu(Option<MultiplexedConnection>);

impl Cpu {
    pub(crate) async fn of(url: &str) -> Self {
        // The first of several sets the process's own, and any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Ok(client) = redis::Client::open(url) else { return Self(None) };
        Self(client.get_multiplexed_async_connection().await.ok())
    }

    /// The time that the server has computed for its clients, in the system and out of it.
    pub(crate) async fn used(&mut self) -> Option<Duration> {
        let redis = self.0.as_mut()?;
        let info: String = redis::cmd("INFO").arg("cpu").query_async(redis).await.ok()?;
        let seconds = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line?.trim().parse::<f64>().ok()
        };
        Duration::try_from_secs_f64(seconds("used_cpu_sys")? + seconds("used_cpu_user")?).ok()
    }
}
