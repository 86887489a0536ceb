//! What the programs of the demo have in common.

use std::{env, io};

use jobqueue::{Client, Result};
use tempfile::TempDir;

/// The variable that names the server.
pub const URL: &str = "REDIS_URL";

/// The variable by which the demo tells its workers what its keys begin with.
pub const PREFIX: &str = "JOBQUEUE_DEMO_PREFIX";

/// The server that the demo uses.
#[derive(Debug)]
pub struct Place {
    url: String,
    /// It goes with the demo.
    _folder: Option<TempDir>,
}

impl Place {
    /// The one that `REDIS_URL` names. Without it a folder, which needs no server: the demo serves
    /// it, and its workers find it there.
    ///
    /// # Errors
    /// There is no room for a folder.
    pub fn choose() -> io::Result<Self> {
        if let Ok(url) = env::var(URL) {
            return Ok(Self { url, _folder: None });
        }
        let folder = tempfile::tempdir()?;
        Ok(Self { url: format!("embedded:{}", folder.path().display()), _folder: Some(folder) })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Connects.
///
/// # Errors
/// The server can't be reached.
pub async fn connect(url: &str, prefix: &str) -> Result<Client> {
    Client::builder(url).prefix(prefix).connect().await
}

/// Logs to standard error what `RUST_LOG` says; by default only errors.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
