//! Where a client connects to.

#[cfg(feature = "embedded")]
use std::sync::Arc;

#[cfg(feature = "embedded")]
use jobqueue_engine::Engine;

#[cfg(all(feature = "testing", feature = "internals"))]
use super::embedded::Dial;
#[cfg(feature = "embedded")]
use super::embedded::Embedded;
use super::{
    connection::Endpoint,
    url::{self, TlsOptions},
};
use crate::error::Result;

/// Where a client connects to.
#[derive(Clone)]
pub(crate) enum Destination {
    Url(String),
    /// A server in this process that no URL names.
    #[cfg(feature = "embedded")]
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "tests have such"))]
    Engine(Arc<Engine>),
    /// A server that a test dials by itself.
    #[cfg(all(feature = "testing", feature = "internals"))]
    Elsewhere(Dial),
}

impl Destination {
    /// Whether another process takes the server's place when it ends, at once.
    pub(crate) fn changes_hands(&self) -> bool {
        matches!(self, Self::Url(url) if url.starts_with("embedded:") && url != "embedded:")
    }

    pub(crate) fn open(&self, tls: &TlsOptions) -> Result<Endpoint> {
        match self {
            Self::Url(url) => url::open(url, tls),
            #[cfg(feature = "embedded")]
            Self::Engine(engine) => Ok(Endpoint::Embedded(Embedded::Memory(engine.clone()))),
            #[cfg(all(feature = "testing", feature = "internals"))]
            Self::Elsewhere(dial) => Ok(Endpoint::Embedded(Embedded::Elsewhere(dial.clone()))),
        }
    }
}
