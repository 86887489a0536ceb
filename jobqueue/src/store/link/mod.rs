//! The way to the server: URLs, connections that reconnect, sentinels, and the nodes of a cluster.

mod cluster;
mod connection;
mod destination;
mod dial;
#[cfg(feature = "embedded")]
mod embedded;
#[cfg(feature = "testing")]
mod faults;
#[cfg(feature = "embedded")]
mod folder;
mod name;
mod route;
mod sentinel;
pub(crate) mod server;
pub(crate) mod url;

pub(crate) use cluster::Cluster;
pub(crate) use connection::Link;
pub(crate) use destination::Destination;
pub(crate) use dial::{Limits, overdue, unreachable};
#[cfg(feature = "testing")]
pub use faults::CallFault;
#[cfg(feature = "testing")]
pub(crate) use faults::Faults;
pub(crate) use name::ConnectionName;
pub(crate) use route::Route;
pub use url::TlsOptions;
