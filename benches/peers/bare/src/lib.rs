//! What both floors are.

use jobqueue_bench_peer::{Hello, Result};
use redis::aio::MultiplexedConnection;

/// Connects.
pub async fn connect(url: &str) -> Result<MultiplexedConnection> {
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection().await?)
}

/// No package, hence no version; and next to nothing that a queue does.
pub fn hello() -> Hello {
    Hello::new("-", &["keep", "fail_once", "priorities", "due", "latency"])
}
