//! A server that queues are moved from or to.

use anyhow::{Context as _, Result, bail};
use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};

/// Connects. Calls have no limit of their own: a large page may take its time.
pub(crate) async fn connect(url: &str) -> Result<MultiplexedConnection> {
    if url.starts_with("embedded:") {
        bail!("{url}: not yet");
    }
    // The first of several sets the process's own, and any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let client = Client::open(url).with_context(|| format!("{} is no Redis URL", shown(url)))?;
    let connection = client.get_multiplexed_async_connection_with_config(&config).await;
    connection.with_context(|| format!("{} can't be reached", shown(url)))
}

/// A URL without its password.
pub(crate) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (url, expected) in [
            ("redis://user:p@ss@host:1/0", "redis://…@host:1/0"),
            ("redis://host", "redis://host"),
            ("embedded:/a", "embedded:/a"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
