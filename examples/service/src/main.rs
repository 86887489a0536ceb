//! The program `service`; what it is told, `settings.rs` says.

use anyhow::Context as _;
use jobqueue_service::{service, settings::Settings};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let mut terminated = signal(SignalKind::terminate()).context("no signals here")?;
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    service::run(Settings::from_env()?, stop).await
}
