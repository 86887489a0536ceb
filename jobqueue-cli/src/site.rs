//! A server that queues are moved from or to.

use anyhow::{Context as _, Result};
use jobqueue_engine::{Folder, Held, Options, parse_place, serve};
use redis::{AsyncConnectionConfig, Client, RedisConnectionInfo, aio::MultiplexedConnection};

use crate::exit::Told;

/// How many bytes are on their way to a folder's engine at once.
const PIPE: usize = 1 << 20;

/// A server that queues are moved from or to.
pub(crate) struct Site {
    pub(crate) redis: MultiplexedConnection,
    /// A folder is held while its queues are moved: nobody else can use it.
    held: Option<Held>,
}

impl Site {
    /// Connects, or holds a folder. Calls have no limit of their own: a large page may take its
    /// time.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        if let Some(path) = folder(url)? {
            return Self::hold(path, config).await;
        }
        // The first of several sets the process's own, and any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            Client::open(url).with_context(|| format!("{} is no Redis URL", shown(url)))?;
        let redis = client.get_multiplexed_async_connection_with_config(&config).await;
        let redis = redis.with_context(|| format!("{} can't be reached", shown(url)))?;
        Ok(Self { redis, held: None })
    }

    async fn hold(path: &str, config: AsyncConnectionConfig) -> Result<Self> {
        let held = Folder::at(path)?.hold(&Options::new());
        let held = held.context("producers, workers and servers of it must be stopped first")?;
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(serve(held.engine().clone(), theirs));
        let user = RedisConnectionInfo::default();
        let (redis, driver) = MultiplexedConnection::new_with_config(&user, ours, config).await?;
        tokio::spawn(driver);
        Ok(Self { redis, held: Some(held) })
    }

    /// Whether nobody else can use it.
    pub(crate) fn is_held(&self) -> bool {
        self.held.is_some()
    }
}

/// The path of the folder that a URL names, if it names one. As clients of `embedded:` read it.
///
/// # Errors
/// It is in memory, or isn't written as a folder is.
pub(crate) fn folder(url: &str) -> Result<Option<&str>> {
    match url.strip_prefix("embedded:") {
        None => Ok(None),
        Some("") => {
            Err(Told::usage("`embedded:` without a folder is gone with the process that has it"))
        }
        Some(place) => {
            let place = parse_place(place);
            let (path, _) = place
                .map_err(|error| Told::usage(format_args!("{url} isn't a folder: {error}")))?;
            Ok(Some(path))
        }
    }
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

    #[test]
    fn folders_are_known() {
        let known = |url| folder(url).expect("a good url");
        assert_eq!(known("embedded:/var/jobs?sync=always"), Some("/var/jobs"));
        assert_eq!(known("embedded:jobs"), Some("jobs"));
        assert_eq!(known("redis://host"), None);
        for url in ["embedded:", "embedded:~/jobs", "embedded://host/x", "embedded:x?sync=bogus"] {
            assert!(folder(url).is_err(), "{url}");
        }
    }
}
