//! The phases of a worker, and the signals that stop it.

use tokio::time::Instant;

use crate::{
    error::{Error, Result},
    value_error::Invalid,
};

/// The phase of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It fetches and runs.
    Working,
    /// It runs the jobs that it holds, and fetches none.
    Paused,
    /// It runs the jobs that it holds until then, and ends.
    Draining(Instant),
}

/// Waits for SIGTERM or SIGINT. Once installed, they no longer end the process by themselves.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn install() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(install_error)?,
            interrupt: signal(SignalKind::interrupt()).map_err(install_error)?,
        })
    }

    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn install() -> Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
fn install_error(error: std::io::Error) -> Error {
    let problem = "the process can't listen for SIGTERM and SIGINT";
    Invalid::setup(problem, "start the worker without signals, and shut it down by its handle")
        .because(error)
        .into()
}
