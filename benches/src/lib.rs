//! What the benchmarks are made of.

pub mod compare;
mod server;

pub use self::server::Server;
