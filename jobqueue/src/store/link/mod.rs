//! TODO-DOC.

mod cluster;
mod connection;
mod route;
mod sentinel;
pub(crate) mod server;
pub(crate) mod url;

pub(crate) use cluster::Cluster;
pub(crate) use connection::{Limits, Link, overdue, unreachable};
pub(crate) use route::Route;
pub use url::TlsOptions;
